import { turnedFilterBlocks } from '../blocked-layout.ts';
import type { Graph, Value } from '../graph.ts';
import { arrange, channelsFirst, type Traced } from '../layout.ts';
import { integers, reshape, transpose } from '../operations.ts';
import { blockOf, convolve, flatFilter, padding, type Geometry } from './convolution-operators.ts';

/** `[out, in, height, width]` of a filter `[height, width, in, out]`: what the transposed convolution reads. */
const filterOrder = [3, 2, 0, 1] as const;

/** The gradient of a convolution's input from that of its output. @param dy `[batch, height, width, out]` */
export function inputGradient(graph: Graph, dy: Traced, filter: Traced, info: Geometry): Traced {
  const gradient = arrange(graph, dy, channelsFirst);
  return info.strideHeight === 1 && info.strideWidth === 1
    ? convolveTurned(graph, gradient, filter, info)
    : convolveTransposed(graph, gradient, filter, info);
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
