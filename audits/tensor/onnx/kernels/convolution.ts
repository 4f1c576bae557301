import type { Conv2DAttrs, Conv2DBackpropFilterAttrs, Conv2DBackpropInputAttrs } from '@tensorflow/tfjs-core';
import { filterBlocks } from '../blocked-layout.ts';
import { arrange, channelsFirst, inLogicalOrder, logicalShape } from '../layout.ts';
import { reshape, transpose } from '../operations.ts';
import { filterGradient } from './convolution-filter-gradient.ts';
import { inputGradient } from './convolution-input-gradient.ts';
import { blockOf, convolve, flatFilter, geometry, outputShape, padding } from './convolution-operators.ts';
import { kernel, type KernelTable } from './kernel.ts';

export const convolutionKernels: KernelTable = {
  Conv2D: kernel<'x' | 'filter', Conv2DAttrs>((graph, { x, filter }, attributes) => {
    const info = geometry(logicalShape(x), logicalShape(filter), attributes);
    const flat = flatFilter(graph, filter);
    const block = blockOf(graph, info);
    const arranged =
      block === undefined ? transpose(graph, flat, [2, 1, 0]) : filterBlocks(graph, flat, block);
    const weights = reshape(graph, arranged, [
      info.outChannels,
      info.inChannels,
      info.filterHeight,
      info.filterWidth,
    ]);
    const windows = {
      pads: padding(info),
      strides: [info.strideHeight, info.strideWidth],
      dilations: [info.dilationHeight, info.dilationWidth],
    };
    const input = arrange(graph, x, channelsFirst);
    return convolve(graph, input, weights, outputShape(info), { windows, isBlocked: block !== undefined });
  }),
  Conv2DBackpropInput: kernel<'dy' | 'filter', Conv2DBackpropInputAttrs>(
    (graph, { dy, filter }, attributes) => {
      const info = geometry(attributes.inputShape, logicalShape(filter), attributes);
      return inputGradient(graph, dy, filter, info);
    },
  ),
  Conv2DBackpropFilter: kernel<'x' | 'dy', Conv2DBackpropFilterAttrs>((graph, { x, dy }, attributes) => {
    const info = geometry(logicalShape(x), attributes.filterShape, attributes);
    const sums = filterGradient(graph, x, dy, info);
    return inLogicalOrder(reshape(graph, sums, attributes.filterShape));
  }),
};
