import { Tensor } from 'onnxruntime-node';
import { expect, test } from 'vitest';
import { findBlockSize, filterBlocks, fromBlocks, toBlocks, swappedFilterBlocks } from './blocked-layout.ts';
import { Graph, type Value } from './graph.ts';
import { encodeModel } from './proto.ts';
import { createSession } from './session.ts';

const block = await findBlockSize();

async function evaluate(
  shape: readonly number[],
  build: (graph: Graph, x: Value) => Value,
): Promise<Float32Array> {
  const graph = new Graph();
  graph.output('y', build(graph, graph.input('x', shape, 'float32')));
  const session = await createSession(encodeModel(graph.toModel('test')), 1);
  const size = shape.reduce((product, each) => product * each, 1);
  const x = new Tensor(
    'float32',
    Float32Array.from({ length: size }, (_, i) => i),
    [...shape],
  );
  const { y } = await session.run({ x });
  await session.release();
  if (!(y?.data instanceof Float32Array)) throw new TypeError('no numbers');
  return y.data;
}

test('x64 processors with AVX have blocks of 8 or 16 channels', ({ skip }) => {
  if (process.arch !== 'x64') skip(`blocks on ${process.arch} are the runtime's choice`);
  expect([8, 16]).toContain(block);
});

test.skipIf(block === undefined)('into blocks and back is where it came from', async () => {
  const there = await evaluate([2, 32, 3, 2], toBlocks);
  const back = await evaluate([2, 32, 3, 2], (graph, x) => fromBlocks(graph, toBlocks(graph, x)));
  expect([...there]).not.toEqual([...back]);
  expect([...back]).toEqual(Array.from({ length: back.length }, (_, i) => i));
});

const taps = 6;
const inChannels = 32;
const outChannels = 48;
const filterShape = [taps, inChannels, outChannels];
const numberOf = (tap: number, from: number, to: number): number =>
  (tap * inChannels + from) * outChannels + to;

test.skipIf(block === undefined)('a filter lies in memory by out block, in block, tap, in, out', async () => {
  const size = block!;
  const data = await evaluate(filterShape, (graph, x) => filterBlocks(graph, x, size));
  const expected: number[] = [];
  for (let outBlock = 0; outBlock < outChannels / size; outBlock++)
    for (let inBlock = 0; inBlock < inChannels / size; inBlock++)
      for (let tap = 0; tap < taps; tap++)
        for (let i = 0; i < size; i++)
          for (let o = 0; o < size; o++)
            expected.push(numberOf(tap, inBlock * size + i, outBlock * size + o));
  expect([...data]).toEqual(expected);
});

test.skipIf(block === undefined)(
  'swapped, in and out change places and only some taps are there',
  async () => {
    const size = block!;
    const data = await evaluate(filterShape, (graph, x) => swappedFilterBlocks(graph, x, size, [5, 3, 0]));
    const expected: number[] = [];
    for (let inBlock = 0; inBlock < inChannels / size; inBlock++)
      for (let outBlock = 0; outBlock < outChannels / size; outBlock++)
        for (const tap of [5, 3, 0])
          for (let o = 0; o < size; o++)
            for (let i = 0; i < size; i++)
              expected.push(numberOf(tap, inBlock * size + i, outBlock * size + o));
    expect([...data]).toEqual(expected);
  },
);
