import { matrix } from '../../contract/data.ts';
import type { Engine, StepDefinition } from '../../contract/engine.ts';
import { withBackend } from '../backend-lock.ts';
import { loadModel } from '../onnx/model.ts';
import { tf, type Tensor } from '../ops.ts';
import { compileStep } from './compile.ts';
import { loadNative, tensorflowBackendName } from './native.ts';
import { tensorflowFolder } from './pack/folder.ts';

/**
 * Steps recorded as TensorFlow graphs and run by the libtensorflow of an installed engine pack. Models are run by
 * onnxruntime, as in the other engines. Every call computes on the calling thread.
 * @param folder of the pack
 * @throws MoatError engine-not-installed, engine-broken
 */
export function createTensorflowEngine({
  threads,
  folder = tensorflowFolder(),
}: {
  readonly threads: number;
  readonly folder?: string;
}): Engine {
  const native = loadNative(folder, threads);
  const { binding } = native;
  const device = binding.isUsingGpuDevice() ? 'gpu' : 'cpu';
  const version = binding.TF_Version.split('.').slice(0, 2).join('.');
  return {
    id: 'tensorflow',
    numericsClass: `tensorflow-${version}-${device}-t${threads}`,
    threads,
    compile: (definition) => compileStep(definition as unknown as StepDefinition<Tensor>, native),
    loadModel: (source) => loadModel(source, threads),
    matmul: (a, b, options = {}) =>
      withBackend(tensorflowBackendName, () => {
        const left = tf.tensor2d(a.data, [a.rows, a.columns]);
        const right = tf.tensor2d(b.data, [b.rows, b.columns]);
        const product = tf.matMul(left, right, options.transposeA, options.transposeB);
        return matrix(product.dataSync<'float32'>(), ...(product.shape as [number, number]));
      }),
    dispose: async () => undefined,
  };
}
