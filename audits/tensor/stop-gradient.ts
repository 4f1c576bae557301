import { tf, type Tensor } from './ops.ts';

/**
 * The tensor itself going forward; going back, nothing: what it was computed from gets a gradient of zeros through it.
 * PyTorch's `detach`.
 */
export function stopGradient<Kind extends Tensor>(value: Kind): Kind {
  const stopped = tf.customGrad((...inputs) => {
    const [given] = inputs as unknown as [Tensor];
    return { value: tf.clone(given), gradFunc: (dy: Tensor) => tf.zerosLike(dy) };
  });
  return stopped(value) as Kind;
}
