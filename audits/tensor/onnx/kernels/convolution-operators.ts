import { backend_util, type Conv2DAttrs } from '@tensorflow/tfjs-core';
import { blockedDomain, fromBlocks, toBlocks } from '../blocked-layout.ts';
import type { Graph, Value } from '../graph.ts';
import { channelsFirst, logical, logicalShape, type Traced } from '../layout.ts';
import { reshape } from '../operations.ts';

/** What a convolution and its two gradients share: sizes, the filter's arrangement, the runtime's operator. */

export type Geometry = ReturnType<typeof backend_util.computeConv2DInfo>;
type Four = [number, number, number, number];

export function geometry(
  inputShape: readonly number[],
  filterShape: readonly number[],
  attributes: Pick<Conv2DAttrs, 'strides' | 'pad' | 'dimRoundingMode'> & Partial<Conv2DAttrs>,
): Geometry {
  const { strides, pad, dimRoundingMode, dilations = 1, dataFormat = 'NHWC' } = attributes;
  if (dataFormat !== 'NHWC') throw new RangeError('only NHWC convolutions can be compiled');
  return backend_util.computeConv2DInfo(
    [...inputShape] as Four,
    [...filterShape] as Four,
    strides,
    dilations,
    pad,
    dimRoundingMode,
  );
}

export const padding = ({ padInfo }: Geometry): readonly number[] => [
  padInfo.top,
  padInfo.left,
  padInfo.bottom,
  padInfo.right,
];

export function outputShape(info: Geometry): readonly number[] {
  return [info.batchSize, info.outChannels, info.outHeight, info.outWidth];
}

/** How a convolution's windows lie: `pads`, `strides`, `dilations` of the runtime's operator. */
export type Windows = Readonly<Record<string, readonly number[]>>;

/** Channels per block when the blocked convolution can take these channels. */
export function blockOf(graph: Graph, info: Geometry): number | undefined {
  const { blockSize } = graph.target;
  const fits = (channels: number): boolean => blockSize !== undefined && channels % blockSize === 0;
  return fits(info.inChannels) && fits(info.outChannels) ? blockSize : undefined;
}

/**
 * @param x `[batch, in, height, width]` @param weights `[out, in, height, width]`, or its blocks
 * @returns `[batch, out, height, width]` of the given shape
 */
export function convolve(
  graph: Graph,
  x: Value,
  weights: Value,
  shape: readonly number[],
  options: { readonly windows: Windows; readonly isBlocked: boolean },
): Traced {
  const attributes = { ...options.windows, kernel_shape: weights.shape.slice(2) };
  const output = { shape, type: 'float32' as const };
  if (!options.isBlocked)
    return { value: graph.apply('Conv', [x, weights], output, { attributes }), order: channelsFirst };
  const blocks = convolveBlocks(graph, toBlocks(graph, x), weights, shape, options.windows);
  return { value: fromBlocks(graph, blocks), order: channelsFirst };
}

/** The same from blocks to blocks; shapes are stated as in the plain layout. */
export function convolveBlocks(
  graph: Graph,
  blocks: Value,
  weights: Value,
  shape: readonly number[],
  windows: Windows,
): Value {
  const attributes = { ...windows, kernel_shape: weights.shape.slice(2) };
  const output = { shape, type: 'float32' as const };
  return graph.apply('Conv', [blocks, weights], output, { attributes, domain: blockedDomain });
}

/** A filter as `[taps, in, out]`. */
export function flatFilter(graph: Graph, filter: Traced): Value {
  const [height = 1, width = 1, inChannels = 1, outChannels = 1] = logicalShape(filter);
  return reshape(graph, logical(graph, filter), [height * width, inChannels, outChannels]);
}
