import { tf } from '../../ops.ts';
import { attributes, input, type KernelTable } from './kernel.ts';

/** The package's own kernel reads the indices to check them, which a recorded step cannot; TensorFlow checks too. */
export const gatherKernels: KernelTable = {
  GatherV2({ backend, inputs, attributes: given }) {
    const [x, indices] = [input(inputs, 'x'), input(inputs, 'indices')];
    const axis = tf.scalar(Number(given['axis']), 'int32');
    const { TF_FLOAT, TF_INT32 } = backend.binding;
    const result = backend.executeSingleOutput(
      'GatherV2',
      attributes(backend, {
        types: {
          Tparams: x.dtype === 'float32' ? TF_FLOAT : TF_INT32,
          Tindices: TF_INT32,
          Taxis: TF_INT32,
        },
        integers: { batch_dims: Number(given['batchDims'] ?? 0) },
      }),
      [x, indices, axis],
    );
    axis.dispose();
    return result;
  },
};
