import {
  slice_util,
  backend_util,
  util,
  type ConcatAttrs,
  type ExpandDimsAttrs,
  type FillAttrs,
  type PackAttrs,
  type PadV2Attrs,
  type RangeAttrs,
  type ReshapeAttrs,
  type ReverseAttrs,
  type SliceAttrs,
  type SplitVAttrs,
  type StridedSliceAttrs,
  type Tensor,
  type TileAttrs,
  type TransposeAttrs,
  type UnpackAttrs,
} from '@tensorflow/tfjs-core';
import type { Graph } from '../graph.ts';
import {
  arrange,
  dimensionOf,
  identityOrder,
  inLogicalOrder,
  logical,
  logicalShape,
  perDimension,
  type Traced,
} from '../layout.ts';
import { expand, filled, integers, literal, reshape, scalar } from '../operations.ts';
import { toElementType } from './elementwise.ts';
import { kernel, listKernel, type KernelTable } from './kernel.ts';
import { squeeze } from './reduction.ts';

function reshaped(graph: Graph, x: Traced, shape: readonly number[]): Traced {
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

function sliced(graph: Graph, x: Traced, begin: readonly number[], size: readonly number[]): Traced {
  const shape = logicalShape(x);
  const axes = shape.map((_, axis) => axis).filter((axis) => begin[axis] !== 0 || size[axis] !== shape[axis]);
  if (axes.length === 0) return x;
  const starts = axes.map((axis) => begin[axis] ?? 0);
  const ends = axes.map((axis) => (begin[axis] ?? 0) + (size[axis] ?? 0));
  const inputs = [starts, ends, axes.map((axis) => dimensionOf(x, axis))].map((list) =>
    integers(graph, list),
  );
  const output = { shape: perDimension(x, size), type: x.value.type };
  return { value: graph.apply('Slice', [x.value, ...inputs], output), order: x.order };
}

function concatenated(graph: Graph, inputs: readonly Traced[], axis: number): Traced {
  const parts = inputs.filter(({ value }) => !value.shape.includes(0));
  const [first] = parts;
  if (first === undefined) throw new RangeError('nothing to concatenate');
  const along = dimensionOf(first, axis);
  const values = parts.map((part) => arrange(graph, part, first.order));
  const total = values.reduce((sum, value) => sum + (value.shape[along] ?? 0), 0);
  const shape = first.value.shape.map((size, i) => (i === along ? total : size));
  const output = { shape, type: first.value.type };
  return {
    value: graph.apply('Concat', values, output, { attributes: { axis: along } }),
    order: first.order,
  };
}

/** Adds an axis of size 1; the rest stays in its order. */
function unsqueezed(graph: Graph, x: Traced, at: number): Traced {
  const axis = at < 0 ? at + x.order.length + 1 : at;
  const order = [axis, ...x.order.map((each) => (each >= axis ? each + 1 : each))];
  return { value: reshape(graph, x.value, [1, ...x.value.shape]), order };
}

const MAX_INDEX = Number.MAX_SAFE_INTEGER;

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
  Concat: listKernel<ConcatAttrs>((graph, inputs, { axis }) => concatenated(graph, inputs, axis)),
  Pack: listKernel<PackAttrs>((graph, inputs, { axis }) => {
    const at = axis < 0 ? axis + (inputs[0]?.order.length ?? 0) + 1 : axis;
    return concatenated(
      graph,
      inputs.map((input) => unsqueezed(graph, input, at)),
      at,
    );
  }),
  Unpack: kernel<'value', UnpackAttrs>((graph, { value }, { axis }) => {
    const shape = logicalShape(value);
    const at = axis < 0 ? axis + shape.length : axis;
    return Array.from({ length: shape[at] ?? 0 }, (_, i) => {
      const begin = shape.map((__, each) => (each === at ? i : 0));
      const size = shape.map((each, each2) => (each2 === at ? 1 : each));
      return squeeze(graph, sliced(graph, value, begin, size), [at]);
    });
  }),
  SplitV: kernel<'x', SplitVAttrs>((graph, { x }, { numOrSizeSplits, axis }) => {
    const shape = logicalShape(x);
    const at = axis < 0 ? axis + shape.length : axis;
    const proxy = { shape: shape.slice() } as Tensor;
    let start = 0;
    return backend_util.prepareSplitSize(proxy, numOrSizeSplits, at).map((length) => {
      const begin = shape.map((_, each) => (each === at ? start : 0));
      start += length;
      return sliced(
        graph,
        x,
        begin,
        shape.map((size, each) => (each === at ? length : size)),
      );
    });
  }),
  Slice: kernel<'x', SliceAttrs>((graph, { x }, { begin, size }) => {
    const proxy = { shape: logicalShape(x).slice(), rank: x.order.length } as Tensor;
    const [starts, sizes] = slice_util.parseSliceParams(proxy, begin, size);
    return sliced(graph, x, starts ?? [], sizes ?? []);
  }),
  StridedSlice: kernel<'x', StridedSliceAttrs>((graph, { x }, attributes) => {
    const { begin, end, strides, beginMask, endMask, ellipsisMask, newAxisMask, shrinkAxisMask } = attributes;
    const shape = logicalShape(x).slice();
    const info = slice_util.sliceInfo(
      shape,
      begin,
      end,
      strides,
      beginMask,
      endMask,
      ellipsisMask,
      newAxisMask,
      shrinkAxisMask,
    );
    const lists = [info.begin, info.end.map((stop, i) => past(stop, info.strides[i] ?? 1))];
    const axes = shape.map((_, axis) => dimensionOf(x, axis));
    const inputs = [...lists, axes, info.strides].map((list) => integers(graph, list));
    const sizes = slice_util.computeOutShape(info.begin, info.end, info.strides);
    const output = { shape: perDimension(x, sizes), type: x.value.type };
    const value = graph.apply('Slice', [x.value, ...inputs], output);
    return reshaped(graph, { value, order: x.order }, info.finalShape);
  }),
  PadV2: kernel<'x', PadV2Attrs>((graph, { x }, { paddings, constantValue }) => {
    const amounts = perDimension(x, paddings);
    const before = amounts.map(([count]) => count);
    const after = amounts.map(([, count]) => count);
    const shape = x.value.shape.map((size, i) => size + (before[i] ?? 0) + (after[i] ?? 0));
    const inputs = [
      x.value,
      integers(graph, [...before, ...after]),
      scalar(graph, constantValue, x.value.type),
    ];
    return { value: graph.apply('Pad', inputs, { shape, type: x.value.type }), order: x.order };
  }),
  Reverse: kernel<'x', ReverseAttrs>((graph, { x }, { dims }) => {
    const axes = util.parseAxisParam(dims, logicalShape(x).slice()).map((axis) => dimensionOf(x, axis));
    if (axes.length === 0) return x;
    const lists = [axes.map(() => -1), axes.map(() => -MAX_INDEX), axes, axes.map(() => -1)];
    const value = graph.apply('Slice', [x.value, ...lists.map((list) => integers(graph, list))], x.value);
    return { value, order: x.order };
  }),
};

/** With a negative stride, -1 means "before the first" here and "the last" in ONNX. */
function past(stop: number, stride: number): number {
  return stride < 0 && stop < 0 ? -MAX_INDEX : stop;
}
