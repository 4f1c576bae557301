import { tf, type Tensor } from '../../ops.ts';
import { input, type KernelTable } from './kernel.ts';

/**
 * 1 where the input is positive, `alpha` elsewhere, NaN where it is NaN: half of the gradient of ReLU. The package's own
 * kernel compares with arrays of ones as large as the activations, which a recording would keep as constants; the
 * ReLU here is the one of the forward pass, and TensorFlow computes it once.
 */
export const stepKernels: KernelTable = {
  Step({ inputs, attributes: { alpha } }) {
    const x = input(inputs, 'x') as Tensor;
    return tf.tidy(() => {
      const positive = tf.sign(tf.relu(x));
      return Number(alpha ?? 0) === 0
        ? positive
        : tf.add(positive, tf.mul(tf.sub(1, positive), Number(alpha)));
    });
  },
};
