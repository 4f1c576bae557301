import type { Graph, ElementType, Value } from './graph.ts';
import { transpose, reshape } from './operations.ts';

/**
 * TensorFlow.js speaks channels-last (NHWC); the runtime convolves channels-first. Instead of transposing around
 * every convolution, each traced tensor remembers in which order its axes lie in memory, and only operators that
 * need another order pay for a transpose. A `Transpose` of the step itself costs nothing until then.
 */
export interface Traced {
  readonly value: Value;
  /** Dimension `i` of `value` is axis `order[i]` of the tensor. */
  readonly order: readonly number[];
}

/** `[batch, channels, height, width]` of an NHWC tensor. */
export const channelsFirst: readonly number[] = [0, 3, 1, 2];

export function identityOrder(rank: number): readonly number[] {
  return Array.from({ length: rank }, (_, axis) => axis);
}

export function inLogicalOrder(value: Value): Traced {
  return { value, order: identityOrder(value.shape.length) };
}

export function logicalShape(traced: Traced): readonly number[] {
  const shape: number[] = [];
  traced.order.forEach((axis, i) => (shape[axis] = traced.value.shape[i] ?? 1));
  return shape;
}

export function elementType(traced: Traced): ElementType {
  return traced.value.type;
}

/** The tensor's values with dimension `i` holding axis `order[i]`. */
export function arrange(graph: Graph, traced: Traced, order: readonly number[]): Value {
  return transpose(
    graph,
    traced.value,
    order.map((axis) => traced.order.indexOf(axis)),
  );
}

export function logical(graph: Graph, traced: Traced): Value {
  return arrange(graph, traced, identityOrder(traced.order.length));
}

/** Lists given per axis, as dimensions of `traced.value`. */
export function perDimension<T>(traced: Traced, perAxis: readonly T[]): readonly T[] {
  return traced.order.flatMap((axis) => perAxis.slice(axis, axis + 1));
}

/** The dimension of `traced.value` that holds `axis`. */
export function dimensionOf(traced: Traced, axis: number): number {
  return traced.order.indexOf(axis < 0 ? axis + traced.order.length : axis);
}

/** The order without `axes`, the rest renumbered: what a reduction leaves. */
export function orderWithout(order: readonly number[], axes: readonly number[]): readonly number[] {
  const kept = order.filter((axis) => !axes.includes(axis));
  const renumbered = [...kept].sort((a, b) => a - b);
  return kept.map((axis) => renumbered.indexOf(axis));
}

/**
 * Operands of an element-wise operator in one common order: that of the largest operand of full rank, so that
 * channels-first stays channels-first through activations and residual sums.
 */
export function align(
  graph: Graph,
  operands: readonly Traced[],
): { readonly values: readonly Value[]; readonly order: readonly number[] } {
  const rank = Math.max(...operands.map(({ order }) => order.length));
  const size = (traced: Traced): number =>
    (traced.value.broadcastOf ?? traced.value).shape.reduce((product, n) => product * n, 1);
  const leader = operands
    .filter(({ order }) => order.length === rank)
    .reduce((best, next) => (size(next) > size(best) ? next : best));
  const { order } = leader;
  const values = operands.map((operand) => {
    const missing = rank - operand.order.length;
    if (operand.value.shape.length === 0) return operand.value;
    if (missing === 0) return arrange(graph, operand, order);
    // Broadcasting aligns the last axes, so a tensor of lower rank gets leading axes of size 1.
    const padded: Traced = {
      value: reshape(graph, operand.value, [
        ...Array.from({ length: missing }, () => 1),
        ...operand.value.shape,
      ]),
      order: [...identityOrder(missing), ...operand.order.map((axis) => axis + missing)],
    };
    return arrange(graph, padded, order);
  });
  return { values, order };
}
