import { matrix } from '../../contract/data.ts';
import type { DeviceId, Engine, StepDefinition } from '../../contract/engine.ts';
import { MoatError } from '../../contract/errors.ts';
import { withBackend } from '../backend-lock.ts';
import { createDoubleProducts } from '../onnx/double-products.ts';
import { loadModel } from '../onnx/model.ts';
import { tf, type Tensor } from '../ops.ts';
import { compileStep } from './compile.ts';
import { loadNative, tensorflowBackendName } from './native.ts';
import { tensorflowFolder } from './pack/folder.ts';

/**
 * Steps recorded as TensorFlow graphs and run by the libtensorflow of an installed engine pack. Models are run by
 * onnxruntime, as in the other engines. Every call computes on the calling thread.
 * @param folder of the pack
 * @throws MoatError engine-not-installed, engine-broken, device-unavailable
 */
export function createTensorflowEngine({
  threads,
  device = 'cpu',
  folder = tensorflowFolder(),
}: {
  readonly threads: number;
  readonly device?: DeviceId;
  readonly folder?: string;
}): Engine {
  const native = loadNative(folder, { threads, device });
  const { binding } = native;
  if (binding.isUsingGpuDevice() !== (device === 'cuda'))
    throw new MoatError('device-unavailable', `TensorFlow does not find the device ${device}.`);
  const doubles = createDoubleProducts(threads);
  const version = binding.TF_Version.split('.').slice(0, 2).join('.');
  return {
    id: 'tensorflow',
    device,
    numericsClass: `tensorflow-${version}-${device}-t${threads}`,
    threads,
    // The state stays in the session, on whatever device.
    stepsPerRun: 1,
    compile: (definition) => compileStep(definition as unknown as StepDefinition<Tensor>, native),
    loadModel: (source) => loadModel(source, threads),
    matmul: (a, b, options = {}) =>
      withBackend(tensorflowBackendName, () => {
        const left = tf.tensor2d(a.data, [a.rows, a.columns]);
        const right = tf.tensor2d(b.data, [b.rows, b.columns]);
        const product = tf.matMul(left, right, options.transposeA, options.transposeB);
        return matrix(product.dataSync<'float32'>(), ...(product.shape as [number, number]));
      }),
    matmulFloat64: doubles.matmulFloat64,
    dispose: () => doubles.dispose(),
  };
}
