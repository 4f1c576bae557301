// Importing it registers the backend.
import { version_cpu as backendVersion } from '@tensorflow/tfjs-backend-cpu';
import type { CompiledStep, Engine, HostTensor, StepDefinition } from '../../contract/engine.ts';
import { matrix } from '../../contract/data.ts';
import { withBackend } from '../backend-lock.ts';
import { createDoubleProducts } from '../onnx/double-products.ts';
import { loadModel } from '../onnx/model.ts';
import { tf, type Tensor } from '../ops.ts';
import { runInTurn } from '../run-in-turn.ts';
import { checkInputs, checkState } from '../step-border.ts';

/**
 * TensorFlow.js on its own JavaScript backend, op by op: slow, and what the other engines are compared with.
 * Models and float64 products, which TensorFlow.js does not
 * have, are still run by onnxruntime, on one thread.
 */
export function createReferenceEngine(): Engine {
  const doubles = createDoubleProducts(1);
  return {
    id: 'reference',
    device: 'cpu',
    numericsClass: `reference-tfjs-${backendVersion}`,
    threads: 1,
    stepsPerRun: 1,
    compile: async (definition) => eagerStep(definition as unknown as StepDefinition<Tensor>),
    loadModel: (source) => loadModel(source, 1),
    matmul: async (a, b, options = {}) =>
      withBackend('cpu', () => {
        const left = tf.tensor2d(a.data, [a.rows, a.columns]);
        const right = tf.tensor2d(b.data, [b.rows, b.columns]);
        const result = tf.matMul(left, right, options.transposeA, options.transposeB);
        return matrix(Float32Array.from(result.dataSync()), ...(result.shape as [number, number]));
      }),
    matmulFloat64: doubles.matmulFloat64,
    dispose: () => doubles.dispose(),
  };
}

function eagerStep(definition: StepDefinition<Tensor>): CompiledStep {
  let state: Record<string, HostTensor> = copies(definition.state);
  const run: CompiledStep['run'] = async (inputs) => {
    // Promises alone would starve the process's messages: a cancel must be heard between steps.
    await new Promise((resolve) => setImmediate(resolve));
    return withBackend('cpu', () => {
      checkInputs(definition, inputs);
      const result = definition.step(tensors(state), tensors(inputs));
      state = { ...state, ...hosts(result.state) };
      return hosts(result.outputs);
    });
  };
  return {
    run,
    runMany: (list) => runInTurn(run, list),
    readState: async () => copies(state),
    async writeState(given) {
      checkState(definition, given);
      state = { ...state, ...copies(given) };
    },
    dispose: async () => undefined,
  };
}

function tensors(entries: Readonly<Record<string, HostTensor>>): Record<string, Tensor> {
  return Object.fromEntries(
    Object.entries(entries).map(([name, { data, shape }]) => [
      name,
      tf.tensor(data, [...shape], data instanceof Int32Array ? 'int32' : 'float32'),
    ]),
  );
}

function hosts(entries: Readonly<Record<string, Tensor>>): Record<string, HostTensor> {
  return Object.fromEntries(
    Object.entries(entries).map(([name, tensor]) => {
      const values = tensor.dataSync();
      const data = tensor.dtype === 'float32' ? Float32Array.from(values) : Int32Array.from(values);
      return [name, { shape: [...tensor.shape], data }];
    }),
  );
}

function copies(entries: Readonly<Record<string, HostTensor>>): Record<string, HostTensor> {
  return Object.fromEntries(
    Object.entries(entries).map(([name, { shape, data }]) => [name, { shape, data: data.slice() }]),
  );
}
