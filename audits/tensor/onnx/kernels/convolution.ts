import {
  backend_util,
  type Conv2DAttrs,
  type Conv2DBackpropFilterAttrs,
  type Conv2DBackpropInputAttrs,
} from '@tensorflow/tfjs-core';
import type { Graph, Value } from '../graph.ts';
import { arrange, channelsFirst, inLogicalOrder, logicalShape, logical, type Traced } from '../layout.ts';
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

function convolve(
  graph: Graph,
  x: Value,
  filter: Value,
  shape: readonly number[],
  attributes: Readonly<Record<string, readonly number[]>>,
): Traced {
  const value = graph.apply('Conv', [x, filter], { shape, type: 'float32' }, { attributes });
  return { value, order: channelsFirst };
}

/** The input's gradient at stride 1: a convolution of `dy` with the filter turned by 180 degrees. */
function convolveTurned(graph: Graph, dy: Value, filter: Traced, info: Geometry): Traced {
  const { filterHeight, filterWidth, inChannels, outChannels, padInfo } = info;
  const taps = filterHeight * filterWidth;
  const flat = reshape(graph, logical(graph, filter), [taps, inChannels * outChannels]);
  const backwards = integers(
    graph,
    Array.from({ length: taps }, (_, i) => taps - 1 - i),
  );
  const turned =
    taps === 1 ? flat : graph.apply('Gather', [flat, backwards], flat, { attributes: { axis: 0 } });
  const kernelShape = [filterHeight, filterWidth, inChannels, outChannels];
  const swapped = transpose(graph, reshape(graph, turned, kernelShape), [2, 3, 0, 1]);
  const pads = [
    filterHeight - 1 - padInfo.top,
    filterWidth - 1 - padInfo.left,
    filterHeight - 1 - padInfo.bottom,
    filterWidth - 1 - padInfo.right,
  ];
  const shape = [info.batchSize, inChannels, info.inHeight, info.inWidth];
  return convolve(graph, dy, swapped, shape, { pads });
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

export const convolutionKernels: KernelTable = {
  Conv2D: kernel<'x' | 'filter', Conv2DAttrs>((graph, { x, filter }, attributes) => {
    const info = geometry(logicalShape(x), logicalShape(filter), attributes);
    const weights = arrange(graph, filter, filterOrder);
    return convolve(graph, arrange(graph, x, channelsFirst), weights, outputShape(info), {
      pads: padding(info),
      strides: [info.strideHeight, info.strideWidth],
      dilations: [info.dilationHeight, info.dilationWidth],
    });
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
    const size = info.batchSize * info.outHeight * info.outWidth;
    const gradient = reshape(graph, arrange(graph, dy, [3, 0, 1, 2]), [info.outChannels, size]);
    const sums = product(graph, columns(graph, x, info), gradient, { transposeB: true });
    return inLogicalOrder(reshape(graph, sums, attributes.filterShape));
  }),
};
