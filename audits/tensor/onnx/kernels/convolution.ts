import {
  backend_util,
  type Conv2DAttrs,
  type Conv2DBackpropFilterAttrs,
  type Conv2DBackpropInputAttrs,
} from '@tensorflow/tfjs-core';
import type { Graph, Value } from '../graph.ts';
import { arrange, channelsFirst, inLogicalOrder, logicalShape, logical, type Traced } from '../layout.ts';
import {
  blockedDomain,
  filterBlocks,
  fromBlocks,
  fromBlocksChannelsLast,
  toBlocks,
  turnedFilterBlocks,
} from '../blocked-layout.ts';
import { integers, reshape, scalar, transpose } from '../operations.ts';
import { kernel, type KernelTable } from './kernel.ts';
import { product } from './matrix.ts';

type Geometry = ReturnType<typeof backend_util.computeConv2DInfo>;
type Four = [number, number, number, number];

/** Filters are `[height, width, in, out]` in the step, `[out, in, height, width]` in the runtime. */
const filterOrder = [3, 2, 0, 1] as const;

function geometry(
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

const padding = ({ padInfo }: Geometry): readonly number[] => [
  padInfo.top,
  padInfo.left,
  padInfo.bottom,
  padInfo.right,
];

function outputShape(info: Geometry): readonly number[] {
  return [info.batchSize, info.outChannels, info.outHeight, info.outWidth];
}

/** How a convolution's windows lie: `pads`, `strides`, `dilations` of the runtime's operator. */
type Windows = Readonly<Record<string, readonly number[]>>;

/** Channels per block when the blocked convolution can take these channels. */
function blockOf(graph: Graph, info: Geometry): number | undefined {
  const { blockSize } = graph.target;
  const fits = (channels: number): boolean => blockSize !== undefined && channels % blockSize === 0;
  return fits(info.inChannels) && fits(info.outChannels) ? blockSize : undefined;
}

/**
 * @param x `[batch, in, height, width]` @param weights `[out, in, height, width]`, or its blocks
 * @returns `[batch, out, height, width]` of the given shape
 */
function convolve(
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
  const operands = [toBlocks(graph, x), weights];
  const blocks = graph.apply('Conv', operands, output, { attributes, domain: blockedDomain });
  return { value: fromBlocks(graph, blocks), order: channelsFirst };
}

/** A filter as `[taps, in, out]`. */
function flatFilter(graph: Graph, filter: Traced): Value {
  const [height = 1, width = 1, inChannels = 1, outChannels = 1] = logicalShape(filter);
  return reshape(graph, logical(graph, filter), [height * width, inChannels, outChannels]);
}

/** The input's gradient at stride 1: a convolution of `dy` with the filter turned by 180 degrees. */
function convolveTurned(graph: Graph, dy: Value, filter: Traced, info: Geometry): Traced {
  const { filterHeight, filterWidth, inChannels, outChannels, padInfo } = info;
  const flat = flatFilter(graph, filter);
  const block = blockOf(graph, info);
  const turned = block === undefined ? turnedFilter(graph, flat) : turnedFilterBlocks(graph, flat, block);
  const weights = reshape(graph, turned, [inChannels, outChannels, filterHeight, filterWidth]);
  const windows = {
    pads: [
      filterHeight - 1 - padInfo.top,
      filterWidth - 1 - padInfo.left,
      filterHeight - 1 - padInfo.bottom,
      filterWidth - 1 - padInfo.right,
    ],
  };
  const shape = [info.batchSize, inChannels, info.inHeight, info.inWidth];
  return convolve(graph, dy, weights, shape, { windows, isBlocked: block !== undefined });
}

/** `[taps, in, out]` to `[in, out, taps]` with the taps backwards. */
function turnedFilter(graph: Graph, flat: Value): Value {
  const taps = flat.shape[0] ?? 1;
  const backwards = integers(
    graph,
    Array.from({ length: taps }, (_, i) => taps - 1 - i),
  );
  const turned =
    taps === 1 ? flat : graph.apply('Gather', [flat, backwards], flat, { attributes: { axis: 0 } });
  return transpose(graph, turned, [1, 2, 0]);
}

function convolveTransposed(graph: Graph, dy: Value, filter: Traced, info: Geometry): Traced {
  const { padInfo, strideHeight, strideWidth } = info;
  const covered = [
    (info.outHeight - 1) * strideHeight + info.filterHeight,
    (info.outWidth - 1) * strideWidth + info.filterWidth,
  ] as const;
  const attributes = {
    pads: padding(info),
    strides: [strideHeight, strideWidth],
    // Input rows that no window of the forward pass reached get a zero gradient.
    output_padding: [
      info.inHeight + padInfo.top + padInfo.bottom - covered[0],
      info.inWidth + padInfo.left + padInfo.right - covered[1],
    ],
  };
  const shape = [info.batchSize, info.inChannels, info.inHeight, info.inWidth];
  const weights = arrange(graph, filter, filterOrder);
  const value = graph.apply('ConvTranspose', [dy, weights], { shape, type: 'float32' }, { attributes });
  return { value, order: channelsFirst };
}

/** Along each of `axes` the values at `start`, `start + step` ... before `end`. */
function slice(
  graph: Graph,
  x: Value,
  axes: readonly number[],
  starts: readonly number[],
  ends: readonly number[],
  steps: readonly number[],
): Value {
  const shape = [...x.shape];
  axes.forEach((axis, i) => {
    shape[axis] = Math.ceil(((ends[i] ?? 0) - (starts[i] ?? 0)) / (steps[i] ?? 1));
  });
  if (shape.join() === x.shape.join()) return x;
  const lists = [starts, ends, axes, steps].map((list) => integers(graph, list));
  return graph.apply('Slice', [x, ...lists], { shape, type: x.type });
}

/** What each filter tap sees: for all taps `[taps * channels, batch * height * width]`. */
function columns(graph: Graph, x: Traced, info: Geometry): Value {
  const { inChannels, batchSize, outHeight, outWidth, strideHeight, strideWidth } = info;
  // Channels outermost: rows of the result are then contiguous copies.
  const channelMajor = arrange(graph, x, [3, 0, 1, 2]);
  const [top, left, bottom, right] = padding(info) as Four;
  const isPadded = Math.max(top, left, bottom, right) > 0;
  const height = info.inHeight + top + bottom;
  const width = info.inWidth + left + right;
  const padded = isPadded
    ? graph.apply(
        'Pad',
        [channelMajor, integers(graph, [0, 0, top, left, 0, 0, bottom, right]), scalar(graph, 0)],
        { shape: [inChannels, batchSize, height, width], type: 'float32' },
      )
    : channelMajor;
  const size = batchSize * outHeight * outWidth;
  const taps: Value[] = [];
  for (let i = 0; i < info.filterHeight; i++)
    for (let j = 0; j < info.filterWidth; j++) {
      // Picking every second value of a row is slow, so it is done once per phase and not once per tap.
      const phase = slice(graph, padded, [3], [j % strideWidth], [width], [strideWidth]);
      const first = Math.floor(j / strideWidth);
      const ends = [i + strideHeight * (outHeight - 1) + 1, first + outWidth];
      const seen = slice(graph, phase, [2, 3], [i, first], ends, [strideHeight, 1]);
      taps.push(reshape(graph, seen, [inChannels, size]));
    }
  const [only] = taps;
  if (only !== undefined && taps.length === 1) return only;
  const shape = [taps.length * inChannels, size];
  return graph.apply('Concat', taps, { shape, type: 'float32' }, { attributes: { axis: 0 } });
}

/** The output's gradient as `[batch, height, width, channels]`: the runtime's products are fastest untransposed. */
function channelsLast(graph: Graph, dy: Traced, info: Geometry): Value {
  if (blockOf(graph, info) === undefined) return arrange(graph, dy, [0, 1, 2, 3]);
  // These blocks exist anyway, for the input's gradient.
  return fromBlocksChannelsLast(graph, toBlocks(graph, arrange(graph, dy, channelsFirst)));
}

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
      const gradient = arrange(graph, dy, channelsFirst);
      return info.strideHeight === 1 && info.strideWidth === 1
        ? convolveTurned(graph, gradient, filter, info)
        : convolveTransposed(graph, gradient, filter, info);
    },
  ),
  Conv2DBackpropFilter: kernel<'x' | 'dy', Conv2DBackpropFilterAttrs>((graph, { x, dy }, attributes) => {
    const info = geometry(logicalShape(x), attributes.filterShape, attributes);
    const pixels = info.batchSize * info.outHeight * info.outWidth;
    const gradient = reshape(graph, channelsLast(graph, dy, info), [pixels, info.outChannels]);
    const sums = product(graph, columns(graph, x, info), gradient);
    return inLogicalOrder(reshape(graph, sums, attributes.filterShape));
  }),
};
