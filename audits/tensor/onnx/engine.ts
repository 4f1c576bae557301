import { Tensor, type InferenceSession } from 'onnxruntime-node';
import { matrix, type Matrix } from '../../contract/data.ts';
import type { Engine } from '../../contract/engine.ts';
import { compileStep } from './compile.ts';
import { createDoubleProducts } from './double-products.ts';
import { freeSize, Graph } from './graph.ts';
import { product } from './kernels/matrix.ts';
import { loadModel } from './model.ts';
import { encodeModel } from './proto.ts';
import { createSession, runtimeVersion } from './session.ts';

/** Steps compiled to ONNX and run by onnxruntime on the CPU. Every call computes on the calling thread. */
export function createOnnxEngine(threads: number): Engine {
  const products = new Map<string, Promise<InferenceSession>>();
  const doubles = createDoubleProducts(threads);
  return {
    id: 'onnx',
    numericsClass: `onnx-${runtimeVersion()}-cpu-t${threads}`,
    threads,
    compile: (definition) => compileStep(definition, threads),
    loadModel: (source) => loadModel(source, threads),
    async matmul(a, b, { transposeA = false, transposeB = false } = {}) {
      const [rows, columns] = productShape(a, b, transposeA, transposeB);
      const key = `${transposeA} ${transposeB}`;
      const session = products.get(key) ?? productSession(transposeA, transposeB, threads);
      products.set(key, session);
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
): Promise<InferenceSession> {
  const graph = new Graph();
  const left = graph.input('a', [freeSize, freeSize], 'float32');
  const right = graph.input('b', [freeSize, freeSize], 'float32');
  graph.output('c', product(graph, left, right, { transposeA, transposeB }));
  return createSession(encodeModel(graph.toModel('matmul')), threads);
}

function toTensor({ data, rows, columns }: Matrix): Tensor {
  return new Tensor('float32', data, [rows, columns]);
}
