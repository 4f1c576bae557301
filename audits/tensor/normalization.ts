import { tf, type Tensor, type Tensor1D, type Tensor4D } from './ops.ts';

/**
 * Kernels that a backend may register to normalize in one operation each way.
 * forward: `x`, `gamma`, `beta`, attribute `epsilon`, to `[y, mean, variance, reserve0, reserve1, reserve2]`;
 * backward: `dy`, `x`, `gamma` and the reserves, `epsilon`, to the gradients of `x`, `gamma` and `beta`.
 */
export const fusedBatchNorm = { forward: 'MoatBatchNorm', backward: 'MoatBatchNormGrad' } as const;

export interface NormalizedBatch {
  /** `[batch, height, width, channels]` */
  readonly y: Tensor4D;
  /** Of this batch, per channel; no gradient flows through it. */
  readonly mean: Tensor1D;
  /** Biased (divided by the number of values), per channel; no gradient flows through it. */
  readonly variance: Tensor1D;
}

/**
 * Batch normalization by the batch's own statistics (Ioffe and Szegedy 2015, arXiv:1502.03167, algorithm 1):
 * `y = (x - mean) / sqrt(variance + epsilon) * gamma + beta` per channel.
 * The gradient is derived by hand, since the derivative through mean and variance op by op reads and writes
 * the activations about three times as often.
 * @param x `[batch, height, width, channels]`
 * @param gamma `[channels]`
 * @param beta `[channels]`
 */
export function batchNormTrain(
  x: Tensor4D,
  gamma: Tensor1D,
  beta: Tensor1D,
  epsilon: number,
): NormalizedBatch {
  if (tf.getKernel(fusedBatchNorm.forward, tf.getBackend()) !== undefined)
    return fusedBatchNormTrain(x, gamma, beta, epsilon);
  const mean = tf.mean<Tensor1D>(x, [0, 1, 2]);
  const variance = tf.mean<Tensor1D>(tf.squaredDifference(x, mean), [0, 1, 2]);
  const normalize = tf.customGrad((...inputs) => {
    const [input, scale, offset, save] = inputs as unknown as [Tensor4D, Tensor1D, Tensor1D, GradSaver];
    const value = tf.batchNorm(input, mean, variance, offset, scale, epsilon);
    save([input, scale, mean, variance]);
    return { value, gradFunc: (dy: Tensor, saved: Tensor[]) => gradients(dy as Tensor4D, saved, epsilon) };
  });
  return { y: normalize(x, gamma, beta), mean, variance };
}

/** The same by the backend's own kernels. */
function fusedBatchNormTrain(x: Tensor4D, gamma: Tensor1D, beta: Tensor1D, epsilon: number): NormalizedBatch {
  const run = (kernel: string, inputs: Readonly<Record<string, Tensor>>): Tensor[] =>
    tf.engine().runKernel(kernel, { ...inputs }, { epsilon });
  // Outside of customGrad, which would drop everything but its value.
  const [y, mean, variance, ...reserve] = run(fusedBatchNorm.forward, { x, gamma, beta }) as [
    Tensor4D,
    Tensor1D,
    Tensor1D,
    ...Tensor[],
  ];
  const normalize = tf.customGrad((...inputs) => {
    const [input, scale, , save] = inputs as unknown as [Tensor4D, Tensor1D, Tensor1D, GradSaver];
    save([input, scale, ...reserve]);
    return {
      value: tf.clone(y),
      gradFunc: (dy: Tensor, saved: Tensor[]) => {
        const [before, scaled, reserve0, reserve1, reserve2] = saved as [
          Tensor,
          Tensor,
          Tensor,
          Tensor,
          Tensor,
        ];
        const given = { dy, x: before, gamma: scaled, reserve0, reserve1, reserve2 };
        return run(fusedBatchNorm.backward, given);
      },
    };
  });
  return { y: normalize(x, gamma, beta), mean, variance };
}

type GradSaver = (tensors: Tensor[]) => void;

/** `dx = gamma / deviation * (dy - mean(dy) - normalized * mean(dy * normalized))`; also of gamma and beta. */
function gradients(dy: Tensor4D, saved: readonly Tensor[], epsilon: number): [Tensor, Tensor, Tensor] {
  const [x, gamma, mean, variance] = saved as [Tensor4D, Tensor1D, Tensor1D, Tensor1D];
  const values = x.shape[0] * x.shape[1] * x.shape[2];
  const normalized = tf.batchNorm(x, mean, variance, undefined, undefined, epsilon);
  const dBeta = tf.sum<Tensor1D>(dy, [0, 1, 2]);
  const dGamma = tf.sum<Tensor1D>(tf.mul(dy, normalized), [0, 1, 2]);
  const centered = tf.sub(tf.sub(dy, tf.mul(normalized, tf.div(dGamma, values))), tf.div(dBeta, values));
  const factor = tf.mul(gamma, tf.rsqrt(tf.add(variance, epsilon)));
  return [tf.mul(centered, factor), dGamma, dBeta];
}
