import { afterAll, beforeAll, expect, test } from 'vitest';
import { selectImages } from '../contract/data.ts';
import type { Engine } from '../contract/engine.ts';
import type { FeatureEncoder } from '../contract/method.ts';
import { drawDemoImages } from '../datasets/demo-images.ts';
import { interleave } from '../datasets/shares.ts';
import { createRng } from '../rng.ts';
import { createEngine } from '../tensor/engine.ts';
import { createQueryOrders, FEATURES, type QueryOrderRequest } from './query-order.ts';

const { images } = drawDemoImages({ count: 160, seed: 'query order', size: 16 });
const clock = { monotonicMs: () => (now += 1) };
let now = 0;
let engine: Engine;
beforeAll(async () => {
  engine = await createEngine('onnx', { threads: 1 });
});
afterAll(async () => engine.dispose());

function request(change: Partial<QueryOrderRequest> = {}): QueryOrderRequest {
  return {
    policy: 'random',
    seed: 0,
    seedRng: createRng(3).derive('seed/0'),
    pool: { hashes: images.hashes, images: (indices) => selectImages(images, indices) },
    shares: [],
    wanted: 40,
    surrogate: { architecture: 'small-cnn', inputSize: 16, epochs: 1, batchSize: 8 },
    backbone: undefined,
    engine,
    signal: new AbortController().signal,
    progress: () => undefined,
    ...change,
  };
}

const find = async (change: Partial<QueryOrderRequest> = {}): Promise<readonly number[]> => [
  ...(await createQueryOrders(clock).find(request(change))).order,
];

test('the random order is the seed’s permutation, as it always was, and costs nothing', async () => {
  const { order, elapsedMs } = await createQueryOrders(clock).find(request());
  expect(order).toEqual(request().seedRng.derive('pool').permutation(160));
  expect(elapsedMs).toBe(0);
});

test('k-center in a random network’s features: a function of the seed alone, whatever was asked before', async () => {
  const orders = createQueryOrders(clock);
  await orders.find(request({ policy: 'coverage-minimizing', wanted: 10 }));
  const first = await orders.find(request({ policy: 'k-center' }));
  expect([...first.order]).toEqual(await find({ policy: 'k-center' }));
  expect(first.elapsedMs).toBeGreaterThan(0);
  expect(await orders.find(request({ policy: 'k-center' }))).toBe(first);
  const small = await find({ policy: 'k-center', wanted: 12 });
  expect(small.slice(0, 12)).toEqual([...first.order].slice(0, 12));
  expect(await find({ policy: 'k-center', seedRng: createRng(4) })).not.toEqual([...first.order]);
});

test('a public encoder’s features decide where one is named, reduced to their leading directions', async () => {
  // Brightness stands in the first of many features: the farthest from any image is the darkest or the brightest.
  const brightness = Array.from({ length: 160 }, (_, at) =>
    images.data.subarray(at * 768, (at + 1) * 768).reduce((sum, value) => sum + value, 0),
  );
  const backbone: FeatureEncoder = {
    dimension: FEATURES + 6,
    embed: (some) => {
      const columns = FEATURES + 6;
      const data = new Float32Array(some.count * columns);
      for (let row = 0; row < some.count; row++)
        data[row * columns] = some.data
          .subarray(row * 768, (row + 1) * 768)
          .reduce((sum, value) => sum + value, 0);
      return Promise.resolve({ data, rows: some.count, columns });
    },
  };
  const order = await find({ policy: 'k-center', backbone });
  const [first = 0, second = 0] = order.map((at) => brightness[at] ?? 0);
  const distances = brightness.map((value) => Math.abs(value - first));
  expect(Math.abs(second - first)).toBe(Math.max(...distances));
});

test.each(['random', 'k-center'])('with shares every prefix of the %s order has them', async (policy) => {
  const shares = [0.7, 0.3];
  const turns = interleave(shares, 160);
  const order = await find({ policy, shares });
  expect(order.toSorted((a, b) => a - b)).toEqual([...Array(160).keys()]);
  expect(order.map((at) => turns[at])).toEqual([...turns]);
  expect(await find({ policy, shares, seedRng: createRng(9) })).not.toEqual(order);
});
