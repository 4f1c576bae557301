import { Tensor } from 'onnxruntime-node';
import { Graph, type Value } from './graph.ts';
import { encodeModel } from './proto.ts';
import { createSession } from './session.ts';
import { integers, reshape } from './operations.ts';

/**
 * The CPU runtime's own layout for convolutions, `[batch, channels / block, height, width, block]`, with as many
 * channels side by side as the processor's vectors hold. Its direct convolution needs no column matrix: per call 1.1
 * times (one thread) to 1.4 times (two) as fast as the plain one, reordering included. The runtime uses it by itself only
 * for weights known when the session is made; a training step has none, so it is recorded here.
 */

/** Operators of this layout; the shapes they state are those of the plain layout. */
export const blockedDomain = 'com.microsoft.nchwc';

/** Channels probed: more than any processor's block. */
const PROBED_CHANNELS = 32;

let known: Promise<number | undefined> | undefined;

/** Channels per block on this processor; nothing where the runtime has no such layout. */
export function findBlockSize(): Promise<number | undefined> {
  known ??= probeBlockSize();
  return known;
}

/** Reorders two pixels of numbered channels and looks where the second pixel begins. */
async function probeBlockSize(): Promise<number | undefined> {
  const graph = new Graph();
  const shape = [1, PROBED_CHANNELS, 1, 2];
  graph.output('y', toBlocks(graph, graph.input('x', shape, 'float32')));
  try {
    const session = await createSession(encodeModel(graph.toModel('blocks')), 1);
    const x = new Tensor(
      'float32',
      Float32Array.from({ length: 2 * PROBED_CHANNELS }, (_, i) => i),
      shape,
    );
    const { y } = await session.run({ x });
    await session.release();
    const second = y?.data instanceof Float32Array ? y.data.indexOf(1) : 0;
    return second > 1 && PROBED_CHANNELS % second === 0 ? second : undefined;
  } catch {
    // A processor without vectors: the operators are refused.
    return undefined;
  }
}

/** `[batch, channels, height, width]` into blocks. */
export function toBlocks(graph: Graph, x: Value): Value {
  const attributes = { channels_last: 0 };
  return graph.apply('ReorderInput', [x], x, { attributes, domain: blockedDomain });
}

/** Blocks back into `[batch, channels, height, width]`. */
export function fromBlocks(graph: Graph, x: Value): Value {
  const attributes = { channels: x.shape[1] ?? 1, channels_last: 0 };
  return graph.apply('ReorderOutput', [x], x, { attributes, domain: blockedDomain });
}

/** Blocks into `[batch, height, width, channels]`. */
export function fromBlocksChannelsLast(graph: Graph, x: Value): Value {
  const [batch = 1, channels = 1, height = 1, width = 1] = x.shape;
  const output = { shape: [batch, height, width, channels], type: x.type };
  const attributes = { channels, channels_last: 1 };
  return graph.apply('ReorderOutput', [x], output, { attributes, domain: blockedDomain });
}

/**
 * A filter `[taps, in, out]` as the blocked convolution reads it: `[out / block, in / block, taps, block of in,
 * block of out]`. The runtime's general transpose moves 64 bytes at a time on one thread; rows gathered and channels
 * reordered give the same in two parallel passes.
 */
export function filterBlocks(graph: Graph, filter: Value, block: number): Value {
  const [taps = 1, inChannels = 1, outChannels = 1] = filter.shape;
  const inBlocks = inChannels / block;
  const rows = reshape(graph, filter, [taps * inBlocks, block * outChannels]);
  const byBlock = pickRows(graph, rows, inBlocks, taps, (inBlock, tap) => tap * inBlocks + inBlock);
  const pixels = reshape(graph, byBlock, [1, inChannels * taps, 1, outChannels]);
  const output = { shape: [1, outChannels, inChannels * taps, 1], type: filter.type };
  const attributes = { channels_last: 1 };
  return graph.apply('ReorderInput', [pixels], output, { attributes, domain: blockedDomain });
}

/**
 * The blocks of a filter `[taps, in, out]` for the gradient of its input: in and out change places.
 * @param taps which taps, in the order in which the gradient's windows meet them
 */
export function swappedFilterBlocks(
  graph: Graph,
  filter: Value,
  block: number,
  taps: readonly number[],
): Value {
  const [allTaps = 1, inChannels = 1, outChannels = 1] = filter.shape;
  const inBlocks = inChannels / block;
  const outBlocks = outChannels / block;
  const shape = [outBlocks * inBlocks * allTaps, block * block];
  const rows = reshape(graph, filterBlocks(graph, filter, block), shape);
  const picked = pickRows(graph, rows, inBlocks * outBlocks, taps.length, (pair, at) => {
    const inBlock = Math.floor(pair / outBlocks);
    const outBlock = pair % outBlocks;
    return (outBlock * inBlocks + inBlock) * allTaps + (taps[at] ?? 0);
  });
  // Each block is a small matrix `[in, out]`; to the reordering it is an image of `in` channels and `out` pixels.
  return toBlocks(graph, reshape(graph, picked, [outBlocks * inBlocks * taps.length, block, block, 1]));
}

/**
 * Puts images side by side pixel by pixel: from `parts[row][column]`, all blocks of one shape, the image whose pixel
 * `(y * rows + row, x * columns + column)` is pixel `(y, x)` of that part.
 */
export function interleaveBlocks(graph: Graph, parts: readonly (readonly Value[])[], block: number): Value {
  const [batch = 1, channels = 1, height = 1, width = 1] = parts[0]?.[0]?.shape ?? [];
  const lines = (batch * channels * height) / block;
  const beside = (values: readonly Value[], rows: number, length: number): Value => {
    const flat = values.map((value) => reshape(graph, value, [rows, length]));
    const output = { shape: [rows, length * values.length], type: 'float32' as const };
    return graph.apply('Concat', flat, output, { attributes: { axis: 1 } });
  };
  const columns = parts[0]?.length ?? 1;
  const rows = parts.map((row) => beside(row, lines * width, block));
  const image = beside(rows, lines, width * columns * block);
  return reshape(graph, image, [batch, channels, height * parts.length, width * columns]);
}

/** Rows of a matrix in the order of two nested counters. */
function pickRows(
  graph: Graph,
  rows: Value,
  outer: number,
  inner: number,
  source: (outer: number, inner: number) => number,
): Value {
  const order = Array.from({ length: outer * inner }, (_, at) => source(Math.floor(at / inner), at % inner));
  if (order.length === rows.shape[0] && order.every((row, at) => row === at)) return rows;
  const output = { shape: [order.length, rows.shape[1] ?? 1], type: rows.type };
  return graph.apply('Gather', [rows, integers(graph, order)], output, { attributes: { axis: 0 } });
}
