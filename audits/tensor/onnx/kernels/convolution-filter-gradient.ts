import { fromBlocksChannelsLast, toBlocks } from '../blocked-layout.ts';
import type { Graph, Value } from '../graph.ts';
import { arrange, channelsFirst, type Traced } from '../layout.ts';
import { integers, reshape, scalar } from '../operations.ts';
import { blockOf, padding, type Geometry } from './convolution-operators.ts';
import { product } from './matrix.ts';

/**
 * The gradient of a convolution's filter, as one product: what each tap saw, times the gradient of the output.
 * @param x `[batch, height, width, in]` @param dy `[batch, height, width, out]`
 * @returns `[height * width * in, out]` of the filter
 */
export function filterGradient(graph: Graph, x: Traced, dy: Traced, info: Geometry): Value {
  const pixels = info.batchSize * info.outHeight * info.outWidth;
  const gradient = reshape(graph, channelsLast(graph, dy, info), [pixels, info.outChannels]);
  return product(graph, columns(graph, x, info), gradient);
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
  const [top, left, bottom, right] = padding(info) as [number, number, number, number];
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
