import { Tensor, type InferenceSession } from 'onnxruntime-node';
import { matrix, type Matrix } from '../../contract/data.ts';
import type { Engine } from '../../contract/engine.ts';
import { compileStep } from './compile.ts';
import { Graph } from './graph.ts';
import { product } from './kernels/matrix.ts';
import { loadModel } from './model.ts';
import { encodeModel } from './proto.ts';
import { createSession, runtimeVersion } from './session.ts';

/** Steps compiled to ONNX and run by onnxruntime on the CPU. Every call computes on the calling thread. */
export function createOnnxEngine(threads: number): Engine {
  const products = new Map<string, Promise<InferenceSession>>();
  return {
    id: 'onnx',
    numericsClass: `onnx-${runtimeVersion()}-cpu-t${threads}`,
    threads,
    compile: (definition) => compileStep(definition, threads),
    loadModel: (source) => loadModel(source, threads),
    async matmul(a, b, { transposeA = false, transposeB = false } = {}) {
      const shape = productShape(a, b, transposeA, transposeB);
      const key = [a.rows, a.columns, b.rows, b.columns, transposeA, transposeB].join();
      const session = products.get(key) ?? productSession(a, b, transposeA, transposeB, threads);
      products.set(key, session);
      const { c } = await (
        await session
      ).run({
        a: new Tensor('float32', a.data, [a.rows, a.columns]),
        b: new Tensor('float32', b.data, [b.rows, b.columns]),
      });
      return matrix(c?.data as Float32Array, ...shape);
    },
    async dispose() {
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
  a: Matrix,
  b: Matrix,
  transposeA: boolean,
  transposeB: boolean,
  threads: number,
): Promise<InferenceSession> {
  const graph = new Graph();
  const left = graph.input('a', [a.rows, a.columns], 'float32');
  const right = graph.input('b', [b.rows, b.columns], 'float32');
  graph.output('c', product(graph, left, right, { transposeA, transposeB }));
  return createSession(encodeModel(graph.toModel('matmul')), threads);
}
