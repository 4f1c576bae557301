import { Tensor, type InferenceSession } from 'onnxruntime-node';
import { matrix, type Matrix } from '../../contract/data.ts';
import type { DeviceId, Engine } from '../../contract/engine.ts';
import { compileStep } from './compile.ts';
import { deviceError } from './device-errors.ts';
import { createDoubleProducts } from './double-products.ts';
import { freeSize, Graph } from './graph.ts';
import { product } from './kernels/matrix.ts';
import { loadModel } from './model.ts';
import { encodeModel } from './proto.ts';
import { executionProviders } from './providers.ts';
import { createSession, runtimeVersion } from './session.ts';

/** Raised when compiled steps compute in another order, so that their numbers are kept apart from older ones. */
const GRAPH_REVISION = 2;

/**
 * Steps per run where state crosses the border between host and device: Node has no way to leave it there. More would
 * save little and make the graph, which holds the nodes of each step, slow to open (ResNet-18: about 0.7 s a step).
 */
const STEPS_PER_RUN = 4;

/**
 * Steps compiled to ONNX and run by onnxruntime. Every call computes on, or waits in, the calling thread.
 * @param device one of which `missingProvider` knows nothing bad: the runtime ignores a provider it does not have
 */
export function createOnnxEngine(threads: number, device: DeviceId = 'cpu'): Engine {
  const stepsPerRun = device === 'cpu' ? 1 : STEPS_PER_RUN;
  const products = new Map<string, Promise<InferenceSession>>();
  const openProduct = (transposeA: boolean, transposeB: boolean): Promise<InferenceSession> => {
    const key = `${transposeA} ${transposeB}`;
    const session = products.get(key) ?? productSession(transposeA, transposeB, threads, device);
    products.set(key, session);
    return session;
  };
  /**
   * What a driver compiles for an operator lives as long as any session on the device: with one kept open, the second
   * cell of a process finds it (on SwiftShader 0.04 s instead of 5 s for the first step of the small net).
   */
  const keepDeviceOpen = async (): Promise<void> => {
    if (device !== 'cpu') await openProduct(false, false);
  };
  const doubles = createDoubleProducts(threads);
  return {
    id: 'onnx',
    device,
    numericsClass: `onnx-${runtimeVersion()}-g${GRAPH_REVISION}-${device}-t${threads}`,
    threads,
    stepsPerRun,
    async compile(definition) {
      await keepDeviceOpen();
      return compileStep(definition, threads, { device, stepsPerRun });
    },
    async loadModel(source) {
      await keepDeviceOpen();
      return loadModel(source, threads, device);
    },
    async matmul(a, b, { transposeA = false, transposeB = false } = {}) {
      const [rows, columns] = productShape(a, b, transposeA, transposeB);
      const session = openProduct(transposeA, transposeB);
      const result = matrix(new Float32Array(rows * columns), rows, columns);
      const feeds = { a: toTensor(a), b: toTensor(b) };
      await (await session).run(feeds, { c: toTensor(result) });
      return result;
    },
    matmulFloat64: doubles.matmulFloat64,
    async dispose() {
      await doubles.dispose();
      for (const session of products.values()) await (await session).release();
      products.clear();
    },
  };
}

function productShape(
  a: Matrix,
  b: Matrix,
  transposeA: boolean,
  transposeB: boolean,
): [rows: number, columns: number] {
  const [m, k] = transposeA ? [a.columns, a.rows] : [a.rows, a.columns];
  const [inner, n] = transposeB ? [b.columns, b.rows] : [b.rows, b.columns];
  if (k !== inner) throw new RangeError(`cannot multiply ${m} x ${k} by ${inner} x ${n}`);
  return [m, n];
}

function productSession(
  transposeA: boolean,
  transposeB: boolean,
  threads: number,
  device: DeviceId,
): Promise<InferenceSession> {
  const graph = new Graph();
  const left = graph.input('a', [freeSize, freeSize], 'float32');
  const right = graph.input('b', [freeSize, freeSize], 'float32');
  graph.output('c', product(graph, left, right, { transposeA, transposeB }));
  return createSession(encodeModel(graph.toModel('matmul')), threads, {
    executionProviders: executionProviders(device),
  }).catch((cause: unknown) => {
    throw deviceError(cause, device) ?? cause;
  });
}

function toTensor({ data, rows, columns }: Matrix): Tensor {
  return new Tensor('float32', data, [rows, columns]);
}
