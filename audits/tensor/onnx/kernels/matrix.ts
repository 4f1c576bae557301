import type { BatchMatMulAttrs } from '@tensorflow/tfjs-core';
import { runtimeDomain, type Graph, type Value } from '../graph.ts';
import { arrange, identityOrder, inLogicalOrder, type Traced } from '../layout.ts';
import { broadcastShape } from '../operations.ts';
import { kernel, type KernelTable } from './kernel.ts';

/** `a [m, k] @ b [k, n]` with either operand stored transposed: the runtime's `Gemm` reads both ways. */
export function product(
  graph: Graph,
  a: Value,
  b: Value,
  options: { readonly transposeA?: boolean; readonly transposeB?: boolean } = {},
): Value {
  const transA = options.transposeA ?? false;
  const transB = options.transposeB ?? false;
  const m = a.shape[transA ? 1 : 0] ?? 1;
  const n = b.shape[transB ? 0 : 1] ?? 1;
  return graph.apply(
    'Gemm',
    [a, b],
    { shape: [m, n], type: 'float32' },
    { attributes: { transA: Number(transA), transB: Number(transB) } },
  );
}

/** The value as a batch of matrices, and whether each is stored transposed. */
function asMatrices(graph: Graph, x: Traced): { readonly value: Value; readonly stored: boolean } {
  const rank = x.order.length;
  const swapped = [...identityOrder(rank - 2), rank - 1, rank - 2];
  const stored = x.order.every((axis, i) => axis === swapped[i]);
  return { value: arrange(graph, x, stored ? swapped : identityOrder(rank)), stored };
}

export const matrixKernels: KernelTable = {
  BatchMatMul: kernel<'a' | 'b', BatchMatMulAttrs>((graph, { a, b }, { transposeA, transposeB }) => {
    const left = asMatrices(graph, a);
    const right = asMatrices(graph, b);
    const transA = left.stored !== transposeA;
    const transB = right.stored !== transposeB;
    if (a.order.length === 2 && b.order.length === 2) {
      const options = { transposeA: transA, transposeB: transB };
      return inLogicalOrder(product(graph, left.value, right.value, options));
    }
    const batch = broadcastShape(left.value.shape.slice(0, -2), right.value.shape.slice(0, -2));
    const m = left.value.shape.at(transA ? -1 : -2) ?? 1;
    const n = right.value.shape.at(transB ? -2 : -1) ?? 1;
    const value = graph.apply(
      'FusedMatMul',
      [left.value, right.value],
      { shape: [...batch, m, n], type: 'float32' },
      { domain: runtimeDomain, attributes: { transA: Number(transA), transB: Number(transB) } },
    );
    return inLogicalOrder(value);
  }),
};
