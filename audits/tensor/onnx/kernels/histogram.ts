import type { BincountAttrs } from '@tensorflow/tfjs-core';
import { inLogicalOrder, logical } from '../layout.ts';
import { filled } from '../operations.ts';
import { kernel, type KernelTable } from './kernel.ts';

export const histogramKernels: KernelTable = {
  /**
   * Sums of weights by the integer beside them: `[bins]`. Integers must lie within the bins: TensorFlow.js passes over
   * others, the runtime refuses them.
   */
  Bincount: kernel<'x' | 'weights', BincountAttrs>((graph, { x, weights }, { size }) => {
    const places = logical(graph, x);
    // No weights count as ones.
    const given = weights.value.shape.includes(0)
      ? filled(graph, 1, places.shape, weights.value.type)
      : logical(graph, weights);
    const output = { shape: [size], type: given.type };
    const empty = filled(graph, 0, output.shape, output.type);
    const attributes = { axis: 0, reduction: 'add' };
    return inLogicalOrder(graph.apply('ScatterElements', [empty, places, given], output, { attributes }));
  }),
};
