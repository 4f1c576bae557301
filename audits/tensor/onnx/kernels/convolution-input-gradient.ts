import { fromBlocks, interleaveBlocks, swappedFilterBlocks, toBlocks } from '../blocked-layout.ts';
import type { Graph, Value } from '../graph.ts';
import { arrange, channelsFirst, type Traced } from '../layout.ts';
import { integers, reshape, transpose } from '../operations.ts';
import {
  blockOf,
  convolve,
  convolveBlocks,
  flatFilter,
  padding,
  type Geometry,
} from './convolution-operators.ts';

/** `[out, in, height, width]` of a filter `[height, width, in, out]`: what the transposed convolution reads. */
const filterOrder = [3, 2, 0, 1] as const;

/** The gradient of a convolution's input from that of its output. @param dy `[batch, height, width, out]` */
export function inputGradient(graph: Graph, dy: Traced, filter: Traced, info: Geometry): Traced {
  const gradient = arrange(graph, dy, channelsFirst);
  const rows = phasesOf(
    info.inHeight,
    info.outHeight,
    info.filterHeight,
    info.strideHeight,
    info.padInfo.top,
  );
  const columns = phasesOf(
    info.inWidth,
    info.outWidth,
    info.filterWidth,
    info.strideWidth,
    info.padInfo.left,
  );
  const block = blockOf(graph, info);
  if (block !== undefined && rows !== undefined && columns !== undefined)
    return convolvePhases(graph, gradient, filter, info, { rows, columns, block });
  return info.strideHeight === 1 && info.strideWidth === 1
    ? convolveTurned(graph, gradient, filter, info)
    : convolveTransposed(graph, gradient, filter, info);
}

/** Along one axis, the input positions `position ≡ phase (mod stride)`: their gradients are a convolution of `dy`. */
interface Phase {
  /** Filter taps in the order in which the window over `dy` meets them. */
  readonly taps: readonly number[];
  /** Zeros before and after `dy`. */
  readonly before: number;
  readonly after: number;
}

/**
 * An input position `i` was seen by output `o` through tap `k` where `o * stride + k = i + pad`. Positions of one phase
 * share their taps, and the outputs that saw them are neighbors: a convolution of stride 1 for each phase computes
 * just what a transposed convolution does, without its scattered additions.
 * @returns nothing where phases differ in length, miss taps or would cut `dy`: rare, and not worth a case of their own
 */
function phasesOf(
  inSize: number,
  outSize: number,
  filterSize: number,
  stride: number,
  pad: number,
): readonly Phase[] | undefined {
  if (inSize % stride !== 0) return undefined;
  const length = inSize / stride;
  const phases: Phase[] = [];
  for (let phase = 0; phase < stride; phase++) {
    const all = Array.from({ length: filterSize }, (_, tap) => tap);
    const taps = all.filter((tap) => (phase + pad - tap) % stride === 0).reverse();
    const [first] = taps;
    if (first === undefined) return undefined;
    const before = -(phase + pad - first) / stride;
    const after = length - outSize - before + taps.length - 1;
    if (before < 0 || after < 0) return undefined;
    phases.push({ taps, before, after });
  }
  return phases;
}

/** The input's gradient phase by phase, interleaved. At stride 1 that is one convolution with the filter turned around. */
function convolvePhases(
  graph: Graph,
  dy: Value,
  filter: Traced,
  info: Geometry,
  plan: { readonly rows: readonly Phase[]; readonly columns: readonly Phase[]; readonly block: number },
): Traced {
  const { rows, columns, block } = plan;
  const { batchSize, inChannels, outChannels } = info;
  const flat = flatFilter(graph, filter);
  const blocks = toBlocks(graph, dy);
  const shape = [batchSize, inChannels, info.inHeight / rows.length, info.inWidth / columns.length];
  const parts = rows.map((row) =>
    columns.map((column) => {
      const taps = row.taps.flatMap((y) => column.taps.map((x) => y * info.filterWidth + x));
      const weights = reshape(graph, swappedFilterBlocks(graph, flat, block, taps), [
        inChannels,
        outChannels,
        row.taps.length,
        column.taps.length,
      ]);
      const pads = [row.before, column.before, row.after, column.after];
      return convolveBlocks(graph, blocks, weights, shape, { pads });
    }),
  );
  const [only] = parts.flat();
  const isWhole = only !== undefined && rows.length * columns.length === 1;
  const value = fromBlocks(graph, isWhole ? only : interleaveBlocks(graph, parts, block));
  return { value, order: channelsFirst };
}

/** The input's gradient at stride 1: a convolution of `dy` with the filter turned by 180 degrees. */
function convolveTurned(graph: Graph, dy: Value, filter: Traced, info: Geometry): Traced {
  const { filterHeight, filterWidth, inChannels, outChannels, padInfo } = info;
  const weights = reshape(graph, turnedFilter(graph, flatFilter(graph, filter)), [
    inChannels,
    outChannels,
    filterHeight,
    filterWidth,
  ]);
  const windows = {
    pads: [
      filterHeight - 1 - padInfo.top,
      filterWidth - 1 - padInfo.left,
      filterHeight - 1 - padInfo.bottom,
      filterWidth - 1 - padInfo.right,
    ],
  };
  const shape = [info.batchSize, inChannels, info.inHeight, info.inWidth];
  return convolve(graph, dy, weights, shape, { windows, isBlocked: false });
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
