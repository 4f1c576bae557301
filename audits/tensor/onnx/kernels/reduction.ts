import { util, type CumsumAttrs } from '@tensorflow/tfjs-core';
import type { Graph } from '../graph.ts';
import { dimensionOf, identityOrder, logicalShape, orderWithout, type Traced } from '../layout.ts';
import { reduce, reshape, scalar, type Reduction } from '../operations.ts';
import { kernel, type KernelTable, type TraceKernel } from './kernel.ts';

interface ReductionAttributes {
  readonly axis?: number | number[];
  readonly axes?: number | number[];
  readonly reductionIndices?: number | number[];
  readonly keepDims?: boolean;
}

function reduction(operator: Reduction): TraceKernel {
  return kernel<'x', ReductionAttributes>((graph, { x }, { axis, axes, reductionIndices, keepDims }) => {
    const chosen = axis ?? axes ?? reductionIndices ?? identityOrder(x.order.length).slice();
    const reduced = util.parseAxisParam(chosen, logicalShape(x).slice());
    const dimensions = reduced.map((each) => dimensionOf(x, each));
    const value = reduce(graph, operator, x.value, dimensions);
    return keepDims === true ? { value, order: x.order } : squeeze(graph, { value, order: x.order }, reduced);
  });
}

/** Drops axes of size 1. */
export function squeeze(graph: Graph, x: Traced, axes: readonly number[]): Traced {
  const shape = x.value.shape.filter((_, i) => !axes.includes(x.order[i] ?? -1));
  return { value: reshape(graph, x.value, shape), order: orderWithout(x.order, axes) };
}

function position(operator: 'ArgMax' | 'ArgMin'): TraceKernel {
  return kernel<'x', { readonly axis: number }>((graph, { x }, { axis }) => {
    const dimension = dimensionOf(x, axis);
    const shape = x.value.shape.filter((_, i) => i !== dimension);
    const attributes = { axis: dimension, keepdims: 0 };
    const index = graph.apply(operator, [x.value], { shape, type: 'int64' }, { attributes });
    const value = graph.apply('Cast', [index], { shape, type: 'int32' }, { attributes: { to: 6 } });
    return { value, order: orderWithout(x.order, [x.order[dimension] ?? 0]) };
  });
}

export const reductionKernels: KernelTable = {
  Sum: reduction('ReduceSum'),
  Mean: reduction('ReduceMean'),
  Max: reduction('ReduceMax'),
  Min: reduction('ReduceMin'),
  Prod: reduction('ReduceProd'),
  ArgMax: position('ArgMax'),
  ArgMin: position('ArgMin'),
  Softmax: kernel<'logits', { readonly dim: number }>((graph, { logits }, { dim }) => {
    const { value, order } = logits;
    const attributes = { axis: dimensionOf(logits, dim) };
    return { value: graph.apply('Softmax', [value], value, { attributes }), order };
  }),
  Cumsum: kernel<'x', CumsumAttrs>((graph, { x }, { axis, exclusive, reverse }) => {
    const along = scalar(graph, dimensionOf(x, axis), 'int64');
    const attributes = { exclusive: Number(exclusive), reverse: Number(reverse) };
    return { value: graph.apply('CumSum', [x.value, along], x.value, { attributes }), order: x.order };
  }),
};
