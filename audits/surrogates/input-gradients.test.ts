import { afterAll, beforeAll, expect, test } from 'vitest';
import { matrix, matrixRow, sliceImages } from '../contract/data.ts';
import type { Engine } from '../contract/engine.ts';
import { hashedImages } from '../datasets/image-hash.ts';
import { createRng } from '../rng.ts';
import { createEngine } from '../tensor/engine.ts';
import { forwardStep } from './inference.ts';
import { inputGradients } from './input-gradients.ts';
import { calibrateStatistics, randomNetwork } from './random-network.ts';

const SIZE = 8;
const COUNT = 70;
const DIMENSION = 4;
const LENGTH = SIZE * SIZE * 3;
const signal = new AbortController().signal;

const engines: Engine[] = [];
beforeAll(async () => {
  engines.push(await createEngine('onnx', { threads: 1 }), await createEngine('reference', { threads: 1 }));
});
afterAll(() => Promise.all(engines.map((engine) => engine.dispose())));

const rng = createRng('input gradients');
const images = hashedImages(
  Uint8Array.from({ length: COUNT * LENGTH }, () => rng.integer(256)),
  COUNT,
  SIZE,
  SIZE,
);
const directions = matrix(
  Float32Array.from({ length: COUNT * DIMENSION }, () => rng.normal()),
  COUNT,
  DIMENSION,
);

const modelOf = (engine: Engine) =>
  calibrateStatistics(engine, randomNetwork('small-cnn', createRng('network'), DIMENSION, SIZE), images);

test('the gradient predicts what a small change of the pixels does to the embedding', async () => {
  for (const engine of engines) {
    const model = await modelOf(engine);
    const gradients = await inputGradients(engine, model, images, directions, signal);
    const forward = await engine.compile(forwardStep(model, 1, 'inference'));
    const score = async (row: number, shift: number, change: Float32Array): Promise<number> => {
      const start = row * LENGTH;
      const data = change.map((value, at) => (images.data[start + at] ?? 0) / 255 + shift * value);
      const outputs = await forward.run({ images: { shape: [1, SIZE, SIZE, 3], data } });
      const direction = matrixRow(directions, row);
      return direction.reduce((sum, value, at) => sum + value * (outputs['embedding']?.data[at] ?? 0), 0);
    };
    // The last row sits in a batch that is filled up.
    for (const row of [0, 5, COUNT - 1]) {
      const own = gradients.slice(row * LENGTH, (row + 1) * LENGTH);
      const length = Math.hypot(...own);
      const change = own.map((value) => value / length);
      const slope = ((await score(row, 1e-3, change)) - (await score(row, -1e-3, change))) / 2e-3;
      expect(slope / length).toBeCloseTo(1, 1);
    }
    await forward.dispose();
  }
});

test('images do not mix, and both engines agree', async () => {
  const [onnx, reference] = await Promise.all(
    engines.map(async (engine) => inputGradients(engine, await modelOf(engine), images, directions, signal)),
  );
  const scale = Math.max(...(onnx ?? []).map(Math.abs));
  for (const [at, value] of (onnx ?? []).entries())
    expect(Math.abs(value - (reference?.[at] ?? 0))).toBeLessThan(1e-3 * scale);
  const [engine] = engines;
  if (engine === undefined) throw new RangeError('no engine');
  const alone = await inputGradients(
    engine,
    await modelOf(engine),
    sliceImages(images, 5, 6),
    matrix(matrixRow(directions, 5).slice(), 1, DIMENSION),
    signal,
  );
  for (const [at, value] of alone.entries()) expect(onnx?.[5 * LENGTH + at]).toBeCloseTo(value, 5);
});

test('a cancelled audit computes none', async () => {
  const control = new AbortController();
  control.abort();
  const [engine] = engines;
  if (engine === undefined) throw new RangeError('no engine');
  await expect(
    inputGradients(engine, await modelOf(engine), images, directions, control.signal),
  ).rejects.toMatchObject({ code: 'cancelled' });
});
