import type { TensorInfo } from '@tensorflow/tfjs-core';
import { fusedBatchNorm } from '../../normalization.ts';
import { tf } from '../../ops.ts';
import { attributes, input, type KernelTable, type OperationRunner } from './kernel.ts';

/**
 * Batch norm in one operation each way. What the forward operation leaves for the backward one differs between
 * devices (variance or inverse deviation), so it is passed on as it is.
 */
export const normalizationKernels: KernelTable = {
  [fusedBatchNorm.forward]({ backend, inputs, attributes: { epsilon } }) {
    const [x, gamma, beta] = [input(inputs, 'x'), input(inputs, 'gamma'), input(inputs, 'beta')];
    return tf.tidy(() => {
      const none = tf.tensor1d([], 'float32');
      const [y, mean, unbiased, ...reserve] = backend.executeMultipleOutputs(
        'FusedBatchNormV3',
        training(backend, Number(epsilon)),
        [x, gamma, beta, none, none],
        6,
      ) as [TensorInfo, TensorInfo, TensorInfo, ...TensorInfo[]];
      // TensorFlow divides by one less than the number of values.
      const values = x.shape.slice(0, -1).reduce((product, size) => product * size, 1);
      const variance = tf.mul(unbiased as ReturnType<typeof tf.tensor>, (values - 1) / values);
      return [y, mean, variance, ...reserve] as ReturnType<typeof tf.tensor>[];
    });
  },
  [fusedBatchNorm.backward]({ backend, inputs, attributes: { epsilon } }) {
    const names = ['dy', 'x', 'gamma', 'reserve0', 'reserve1', 'reserve2'];
    const [dx, dGamma, dBeta, ...unused] = backend.executeMultipleOutputs(
      'FusedBatchNormGradV3',
      training(backend, Number(epsilon)),
      names.map((name) => input(inputs, name)),
      5,
    ) as [TensorInfo, TensorInfo, TensorInfo, ...TensorInfo[]];
    for (const tensor of unused) (tensor as ReturnType<typeof tf.tensor>).dispose();
    return [dx, dGamma, dBeta];
  },
};

function training(backend: OperationRunner, epsilon: number): ReturnType<typeof attributes> {
  const { TF_FLOAT } = backend.binding;
  return attributes(backend, {
    types: { T: TF_FLOAT, U: TF_FLOAT },
    strings: { data_format: 'NHWC' },
    floats: { epsilon },
    flags: { is_training: true },
  });
}
