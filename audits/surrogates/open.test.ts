import { afterAll, expect, test } from 'vitest';
import { matrix, selectImages } from '../contract/data.ts';
import type { FeatureEncoder } from '../contract/method.ts';
import { hashedImages } from '../datasets/image-hash.ts';
import { createRng } from '../rng.ts';
import { createEngine } from '../tensor/engine.ts';
import { openSurrogate } from './open.ts';
import { calibrateStatistics, randomNetwork } from './random-network.ts';

const engine = await createEngine('onnx', { threads: 1 });
afterAll(() => engine.dispose());

const rng = createRng(3);
const images = hashedImages(
  Uint8Array.from({ length: 70 * 12 * 12 * 3 }, (_, at) => rng.integer(1 + ((at * 7) % 256))),
  70,
  12,
  12,
);
const network = randomNetwork('small-cnn', createRng(1), 6, 8);

test('an image has one embedding, alone, in another order or in a later batch', async () => {
  const opened = await openSurrogate(engine, network);
  const all = await opened.embed(images);
  expect([all.rows, all.columns]).toEqual([70, 6]);
  const some = await opened.embed(selectImages(images, [69, 2]));
  await opened.dispose();
  const expected = [69, 2].flatMap((row) => [...all.data.subarray(row * 6, (row + 1) * 6)]);
  for (const [at, value] of expected.entries()) expect(some.data[at]).toBeCloseTo(value, 5);
});

test('a calibrated network sees its images centered: every batch norm has their statistics', async () => {
  const calibrated = await calibrateStatistics(engine, network, images);
  const again = await calibrateStatistics(engine, calibrated, images);
  expect(again).toEqual(calibrated);
  expect(calibrated.weights['convolution1/kernel']).toEqual(network.weights['convolution1/kernel']);
  const variance = calibrated.weights['convolution1/variance']!.data;
  expect(variance.every((value) => value > 0 && value !== 1)).toBe(true);
});

test('a linear surrogate adds its bias to the weighted features of its backbone', async () => {
  const backbone: FeatureEncoder = {
    dimension: 2,
    embed: ({ count }) =>
      Promise.resolve(
        matrix(
          Float32Array.from({ length: count * 2 }, (_, at) => at + 1),
          count,
          2,
        ),
      ),
  };
  const opened = await openSurrogate(
    engine,
    {
      kind: 'linear-on-features',
      features: { kind: 'backbone' },
      weights: matrix(Float32Array.of(1, 0, -1, 2, 1, 0), 2, 3),
      bias: Float32Array.of(10, 20, 30),
    },
    backbone,
  );
  // Features [1, 2] and [3, 4].
  const { data } = await opened.embed(selectImages(images, [0, 1]));
  await opened.dispose();
  expect([...data]).toEqual([15, 22, 29, 21, 24, 27]);
});

test('a hidden layer lets nothing negative through', async () => {
  const backbone: FeatureEncoder = {
    dimension: 1,
    embed: ({ count }) => Promise.resolve(matrix(Float32Array.of(-2, 3).subarray(0, count), count, 1)),
  };
  const opened = await openSurrogate(
    engine,
    {
      kind: 'linear-on-features',
      features: {
        kind: 'linear-on-features',
        features: { kind: 'backbone' },
        weights: matrix(Float32Array.of(1, -1), 1, 2),
        bias: Float32Array.of(0, 1),
        activation: 'relu',
      },
      weights: matrix(Float32Array.of(10, 100), 2, 1),
      bias: Float32Array.of(-7),
    },
    backbone,
  );
  // Hidden: [0, 3] and [3, 0]; the output itself may be negative.
  const { data } = await opened.embed(selectImages(images, [0, 1]));
  await opened.dispose();
  expect([...data]).toEqual([293, 23]);
});

test('a surrogate on a backbone cannot be opened without it', async () => {
  await expect(openSurrogate(engine, { kind: 'backbone' })).rejects.toThrow(/--backbone/);
});
