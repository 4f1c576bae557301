import type { ConcatAttrs, PackAttrs, PadV2Attrs } from '@tensorflow/tfjs-core';
import type { Graph } from '../graph.ts';
import { arrange, dimensionOf, perDimension, type Traced } from '../layout.ts';
import { integers, scalar } from '../operations.ts';
import { kernel, listKernel, type KernelTable } from './kernel.ts';
import { unsqueezed } from './shape.ts';

/** Kernels that make a tensor larger by putting something beside it. */

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

export const concatKernels: KernelTable = {
  Concat: listKernel<ConcatAttrs>((graph, inputs, { axis }) => concatenated(graph, inputs, axis)),
  Pack: listKernel<PackAttrs>((graph, inputs, { axis }) => {
    const at = axis < 0 ? axis + (inputs[0]?.order.length ?? 0) + 1 : axis;
    return concatenated(
      graph,
      inputs.map((input) => unsqueezed(graph, input, at)),
      at,
    );
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
};
