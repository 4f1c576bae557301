import { afterAll, beforeAll, expect, test } from 'vitest';
import { matrixRow, type Images, type Matrix } from '../contract/data.ts';
import type { Engine } from '../contract/engine.ts';
import type { SurrogateModel } from '../contract/method.ts';
import { openSurrogate } from '../surrogates/open.ts';
import { createEngine } from '../tensor/engine.ts';
import { attackService, blobs, side, smallVictim } from '../../test/helpers/small-service.ts';

const dimension = 5;
const victim = smallVictim(dimension);
const pool = blobs(256, 'pool');
const held = blobs(128, 'held out');

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine('onnx', { threads: 1 });
});
afterAll(async () => engine.dispose());

const steal = (text: string, epochs: number) =>
  attackService(text, { engine, victim, dimension, pool, budget: 256, epochs });

async function embed(model: SurrogateModel, images: Images): Promise<Matrix> {
  const surrogate = await openSurrogate(engine, model);
  const embedded = await surrogate.embed(images);
  await surrogate.dispose();
  return embedded;
}

function meanCosine(left: Matrix, right: Matrix): number {
  let sum = 0;
  for (let row = 0; row < left.rows; row++) {
    const [a, b] = [matrixRow(left, row), matrixRow(right, row)];
    sum += a.reduce((dot, value, at) => dot + value * (b[at] ?? 0), 0) / Math.hypot(...a) / Math.hypot(...b);
  }
  return sum / left.rows;
}

function mirrored(images: Images): Images {
  const data = new Uint8Array(images.data.length);
  for (let at = 0; at < data.length; at++) {
    const [pixel, channel] = [Math.floor(at / 3), at % 3];
    const x = pixel % side;
    data[at] = images.data[(pixel - x + side - 1 - x) * 3 + channel] ?? 0;
  }
  return { ...images, data };
}

test.each(['l2', 'cosine', 'l1'])(
  '%s learns the directions of replies to unseen images',
  async (distance) => {
    const { surrogate, diagnostics } = await steal(`stolen-encoder:lambda=1:distance=${distance}`, 3);
    expect(diagnostics['finalLoss']).toBeLessThan(diagnostics['firstLoss'] ?? 0);
    expect(meanCosine(await embed(surrogate, held), await victim(held))).toBeGreaterThan(0.7);
  },
);

test('the weight of the copies makes the surrogate answer mirrored images alike', async () => {
  const likeness = async (lambda: number): Promise<number> => {
    const { surrogate } = await steal(`stolen-encoder:lambda=${lambda}`, 4);
    return meanCosine(await embed(surrogate, held), await embed(surrogate, mirrored(held)));
  };
  // The victim does not: its likeness is that of two unrelated halves of the image.
  expect(await likeness(20)).toBeGreaterThan((await likeness(0)) + 0.2);
});

test('copies cost no query, and what is sent is the pool as it is', async () => {
  const { oracle, calls } = await steal('stolen-encoder:copies=4', 1);
  expect(oracle.ledger().map(({ rows, uniqueInputs }) => [rows, uniqueInputs])).toEqual([[256, 256]]);
  expect(calls.flatMap(({ images }) => images.hashes)).toEqual(pool.hashes);
});
