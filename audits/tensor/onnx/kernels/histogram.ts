import type { DenseBincountAttrs } from '@tensorflow/tfjs-core';
import { inLogicalOrder, logical } from '../layout.ts';
import { filled } from '../operations.ts';
import { kernel, type KernelTable } from './kernel.ts';

export const histogramKernels: KernelTable = {
  /**
   * Sums of weights by the integer beside them, `[bins]` or `[rows, bins]`. Integers must lie within the bins:
   * TensorFlow.js passes over others, the runtime refuses them.
   */
  DenseBincount: kernel<'x' | 'weights', DenseBincountAttrs>(
    (graph, { x, weights }, { size, binaryOutput = false }) => {
      if (binaryOutput) throw new RangeError('bins that only say whether cannot be compiled');
      const places = logical(graph, x);
      // No weights count as ones.
      const given = weights.value.shape.includes(0)
        ? filled(graph, 1, places.shape, weights.value.type)
        : logical(graph, weights);
      const empty = filled(graph, 0, [...places.shape.slice(0, -1), size], given.type);
      const attributes = { axis: places.shape.length - 1, reduction: 'add' };
      const output = { shape: empty.shape, type: empty.type };
      return inLogicalOrder(graph.apply('ScatterElements', [empty, places, given], output, { attributes }));
    },
  ),
};
