import type { GatherV2Attrs, OneHotAttrs, UnsortedSegmentSumAttrs } from '@tensorflow/tfjs-core';
import type { Graph, Value } from '../graph.ts';
import { inLogicalOrder, logical } from '../layout.ts';
import { binary, reshape, scalar } from '../operations.ts';
import { select, toElementType } from './elementwise.ts';
import { kernel, type KernelTable } from './kernel.ts';
import { product } from './matrix.ts';

/** `indices [...]` against `0 ... depth - 1`: `[..., depth]`, true where equal. */
function matches(graph: Graph, indices: Value, depth: number): Value {
  const classes = graph.constant(
    Int32Array.from({ length: depth }, (_, i) => i),
    [depth],
    'int32',
  );
  return binary(graph, 'Equal', reshape(graph, indices, [...indices.shape, 1]), classes, 'bool');
}

export const gatherKernels: KernelTable = {
  GatherV2: kernel<'x' | 'indices', GatherV2Attrs>((graph, { x, indices }, { axis, batchDims }) => {
    if (batchDims !== 0) throw new RangeError('GatherV2 with batch dimensions cannot be compiled');
    const data = logical(graph, x);
    const at = axis < 0 ? axis + data.shape.length : axis;
    const index = logical(graph, indices);
    const shape = [...data.shape.slice(0, at), ...index.shape, ...data.shape.slice(at + 1)];
    const output = { shape, type: data.type };
    return inLogicalOrder(graph.apply('Gather', [data, index], output, { attributes: { axis: at } }));
  }),
  OneHot: kernel<'indices', OneHotAttrs>((graph, { indices }, { depth, onValue, offValue, dtype }) => {
    const type = toElementType(dtype);
    const hit = matches(graph, logical(graph, indices), depth);
    return inLogicalOrder(select(graph, hit, scalar(graph, onValue, type), scalar(graph, offValue, type)));
  }),
  /** Rows of equal segment id added up: what the gradient of a gather is. */
  UnsortedSegmentSum: kernel<'x' | 'segmentIds', UnsortedSegmentSumAttrs>(
    (graph, { x, segmentIds }, { numSegments }) => {
      const rows = logical(graph, x);
      const [count = 0, ...rest] = rows.shape;
      const hit = matches(graph, logical(graph, segmentIds), numSegments);
      const weights = select(graph, hit, scalar(graph, 1), scalar(graph, 0)); // [rows, segments]
      const flat = reshape(graph, rows, [count, rest.reduce((size, each) => size * each, 1)]);
      const sums = product(graph, weights, flat, { transposeA: true });
      return inLogicalOrder(reshape(graph, sums, [numSegments, ...rest]));
    },
  ),
};
