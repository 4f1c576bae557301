import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Engine } from '../contract/engine.ts';
import { createEngine } from '../tensor/engine.ts';
import { evaluateLoss } from './evaluate.sample.ts';
import { stolenEncoderLoss, type DistanceId } from './stolen-encoder.ts';

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine('onnx', { threads: 1 });
});
afterAll(async () => engine.dispose());

/** `[2, 2]`: two images, their two copies and the replies; lengths differ on purpose. */
const image = [3, 0, 0, 2];
const first = [0, 5, 0, 1];
const second = [1, 0, 4, 0];
const reply = [6, 0, 0, -7];

const evaluate = (distance: DistanceId, lambda: number) =>
  evaluateLoss(engine, stolenEncoderLoss({ distance, lambda, copies: 2 }), 2, {
    surrogate: [image, first, second],
    victim: [reply, reply, reply],
  });

// Image 1 is right, image 2 opposite; of the first copies one is a right angle off, one opposite; of the second one is
// right, one a right angle off.
test.each<readonly [DistanceId, image: number, copies: readonly [number, number]]>([
  ['l2', (0 + 2) / 2, [(Math.SQRT2 + 2) / 2, (0 + Math.SQRT2) / 2]],
  ['cosine', (0 + 2) / 2, [(1 + 2) / 2, (0 + 1) / 2]],
  ['l1', (0 + 2) / 2, [(2 + 2) / 2, (0 + 2) / 2]],
])('%s: the image and lambda times the mean over its copies', async (distance, own, [one, two]) => {
  for (const lambda of [0, 20]) {
    const { value } = await evaluate(distance, lambda);
    expect(value).toBeCloseTo(own + (lambda * (one + two)) / 2, 4);
  }
});

test('a perfect copy scores 0 and has a finite gradient', async () => {
  const { value, gradients } = await evaluateLoss(
    engine,
    stolenEncoderLoss({ distance: 'l2', lambda: 20, copies: 1 }),
    2,
    { surrogate: [reply, reply], victim: [reply, reply] },
  );
  expect(value).toBeCloseTo(0, 4);
  for (const entry of gradients.flat()) expect(Number.isFinite(entry)).toBe(true);
});
