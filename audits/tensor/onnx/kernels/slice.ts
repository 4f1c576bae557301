import {
  backend_util,
  slice_util,
  util,
  type ReverseAttrs,
  type SliceAttrs,
  type SplitVAttrs,
  type StridedSliceAttrs,
  type Tensor,
  type UnpackAttrs,
} from '@tensorflow/tfjs-core';
import type { Graph } from '../graph.ts';
import { dimensionOf, logicalShape, perDimension, type Traced } from '../layout.ts';
import { integers } from '../operations.ts';
import { kernel, type KernelTable } from './kernel.ts';
import { squeeze } from './reduction.ts';
import { reshaped } from './shape.ts';

/** Kernels that take a part of a tensor. */

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

const MAX_INDEX = Number.MAX_SAFE_INTEGER;

export const sliceKernels: KernelTable = {
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
  Unpack: kernel<'value', UnpackAttrs>((graph, { value }, { axis }) => {
    const shape = logicalShape(value);
    const at = axis < 0 ? axis + shape.length : axis;
    return Array.from({ length: shape[at] ?? 0 }, (_, i) => {
      const begin = shape.map((__, each) => (each === at ? i : 0));
      const size = shape.map((each, each2) => (each2 === at ? 1 : each));
      return squeeze(graph, sliced(graph, value, begin, size), [at]);
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
