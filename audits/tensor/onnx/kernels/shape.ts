import {
  util,
  type ExpandDimsAttrs,
  type FillAttrs,
  type RangeAttrs,
  type ReshapeAttrs,
  type TileAttrs,
  type TransposeAttrs,
} from '@tensorflow/tfjs-core';
import type { Graph } from '../graph.ts';
import {
  identityOrder,
  inLogicalOrder,
  logical,
  logicalShape,
  perDimension,
  type Traced,
} from '../layout.ts';
import { expand, filled, integers, literal, reshape } from '../operations.ts';
import { toElementType } from './elementwise.ts';
import { kernel, type KernelTable } from './kernel.ts';

/** The same values in the same logical order under another shape. */
export function reshaped(graph: Graph, x: Traced, shape: readonly number[]): Traced {
  return keepingOrder(graph, x, shape) ?? inLogicalOrder(reshape(graph, logical(graph, x), shape));
}

/**
 * A reshape that only adds or drops axes of size 1 (gradients of broadcasts are full of them) leaves the other
 * axes in the order they have in memory.
 */
function keepingOrder(graph: Graph, x: Traced, shape: readonly number[]): Traced | undefined {
  const known = logicalShape(x);
  const isReal = (sizes: readonly number[]) => (axis: number) => sizes[axis] !== 1;
  const from = identityOrder(known.length).filter(isReal(known));
  const axes = identityOrder(shape.length);
  const to = axes.filter(isReal(shape));
  const isSame = from.length === to.length && from.every((axis, i) => known[axis] === shape[to[i] ?? 0]);
  if (!isSame) return undefined;
  const order = [
    ...axes.filter((axis) => !to.includes(axis)),
    ...x.order.filter((axis) => from.includes(axis)).map((axis) => to[from.indexOf(axis)] ?? 0),
  ];
  const sizes = order.map((axis) => shape[axis] ?? 1);
  return { value: reshape(graph, x.value, sizes), order };
}

/** Adds an axis of size 1; the rest stays in its order. */
export function unsqueezed(graph: Graph, x: Traced, at: number): Traced {
  const axis = at < 0 ? at + x.order.length + 1 : at;
  const order = [axis, ...x.order.map((each) => (each >= axis ? each + 1 : each))];
  return { value: reshape(graph, x.value, [1, ...x.value.shape]), order };
}

export const shapeKernels: KernelTable = {
  Reshape: kernel<'x', ReshapeAttrs>((graph, { x }, { shape }) => {
    const known = logicalShape(x);
    return reshaped(graph, x, util.inferFromImplicitShape(shape, util.sizeFromShape(known.slice())));
  }),
  ExpandDims: kernel<'input', ExpandDimsAttrs>((graph, { input }, { dim }) => unsqueezed(graph, input, dim)),
  Transpose: kernel<'x', TransposeAttrs>((_, { x }, { perm }) => ({
    value: x.value,
    order: x.order.map((axis) => perm.indexOf(axis)),
  })),
  Fill: kernel<never, FillAttrs>((graph, _, { shape, value, dtype }) =>
    inLogicalOrder(filled(graph, Number(value), shape, toElementType(dtype))),
  ),
  ZerosLike: kernel<'x'>((graph, { x }) => ({
    value: filled(graph, 0, x.value.shape, x.value.type),
    order: x.order,
  })),
  OnesLike: kernel<'x'>((graph, { x }) => ({
    value: filled(graph, 1, x.value.shape, x.value.type),
    order: x.order,
  })),
  Range: kernel<never, RangeAttrs>((graph, _, { start, stop, step, dtype }) => {
    const values = util.makeZerosTypedArray(Math.max(0, Math.ceil((stop - start) / step)), dtype);
    for (let i = 0; i < values.length; i++) values[i] = start + i * step;
    return inLogicalOrder(literal(graph, values, [values.length], dtype));
  }),
  Tile: kernel<'x', TileAttrs>((graph, { x }, { reps }) => {
    const repeats = perDimension(x, reps);
    const shape = x.value.shape.map((size, i) => size * (repeats[i] ?? 1));
    const isBroadcast = x.value.shape.every((size, i) => size === 1 || repeats[i] === 1);
    if (isBroadcast) return { value: expand(graph, x.value, shape), order: x.order };
    const output = { shape, type: x.value.type };
    return { value: graph.apply('Tile', [x.value, integers(graph, repeats)], output), order: x.order };
  }),
};
