import { Tensor, type InferenceSession } from 'onnxruntime-node';
import type { DoubleMatrix } from '../../contract/data.ts';
import type { Engine } from '../../contract/engine.ts';
import { attributeType, encodeModel, tensorDataType, type OnnxValueInfo } from './proto.ts';
import { createSession } from './session.ts';

/**
 * Matrix products in float64. They serve every engine: steps are float32 everywhere, and the CPU provider is the one
 * place where a double product is always at hand.
 */
export function createDoubleProducts(
  threads: number,
): Pick<Engine, 'matmulFloat64'> & { dispose(): Promise<void> } {
  const sessions = new Map<string, Promise<InferenceSession>>();
  return {
    async matmulFloat64(a, b, { transposeA = false, transposeB = false } = {}) {
      const [rows, inner] = transposeA ? [a.columns, a.rows] : [a.rows, a.columns];
      const [depth, columns] = transposeB ? [b.columns, b.rows] : [b.rows, b.columns];
      if (inner !== depth)
        throw new RangeError(`cannot multiply ${rows} x ${inner} by ${depth} x ${columns}`);
      const key = `${transposeA} ${transposeB}`;
      const session = sessions.get(key) ?? productSession(transposeA, transposeB, threads);
      sessions.set(key, session);
      const data = new Float64Array(rows * columns);
      const result = { data, rows, columns };
      await (await session).run({ a: toTensor(a), b: toTensor(b) }, { c: toTensor(result) });
      return result;
    },
    async dispose() {
      for (const session of sessions.values()) await (await session).release();
      sessions.clear();
    },
  };
}

function productSession(transA: boolean, transB: boolean, threads: number): Promise<InferenceSession> {
  const attribute = [
    { name: 'transA', type: attributeType.int, i: Number(transA) },
    { name: 'transB', type: attributeType.int, i: Number(transB) },
  ];
  const graph = {
    name: 'matmul-float64',
    node: [{ opType: 'Gemm', input: ['a', 'b'], output: ['c'], attribute }],
    initializer: [],
    input: [anyMatrix('a'), anyMatrix('b')],
    output: [anyMatrix('c')],
    valueInfo: [],
  };
  const opsetImport = [{ domain: '', version: 17 }];
  return createSession(encodeModel({ irVersion: 8, opsetImport, graph }), threads);
}

function anyMatrix(name: string): OnnxValueInfo {
  return { name, type: { tensorType: { elemType: tensorDataType.float64, shape: { dim: [{}, {}] } } } };
}

function toTensor({ data, rows, columns }: DoubleMatrix): Tensor {
  return new Tensor('float64', data, [rows, columns]);
}
