import { afterAll, beforeAll, expect, test } from 'vitest';
import { attackService, blobs, smallVictim } from '../../test/helpers/small-service.ts';
import { type Images, type Matrix, matrix } from '../contract/data.ts';
import type { Engine } from '../contract/engine.ts';
import { openSurrogate } from '../surrogates/open.ts';
import { createEngine } from '../tensor/engine.ts';

const inside = smallVictim(6);
const dimension = 15;
const pool = blobs(200, 'pool');
const held = blobs(60, 'held out');

/** Six coordinates of a victim, the same six once more, and three of padding. */
const victim = async (images: Images): Promise<Matrix> => {
  const { data } = await inside(images);
  const replies = Float32Array.from({ length: images.count * dimension }, (_, at) => {
    const [row, column] = [Math.floor(at / dimension), at % dimension];
    return column < 12 ? (data[row * 6 + (column % 6)] ?? 0) : column;
  });
  return matrix(replies, images.count, dimension);
};

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine('onnx', { threads: 1 });
});
afterAll(async () => engine.dispose());

test('finds what a service padded, and answers in what is left', async () => {
  const { surrogate, diagnostics, oracle } = await attackService('dimension-recovery', {
    engine,
    victim,
    dimension,
    pool,
    budget: 200,
  });
  expect(oracle.remaining()).toBe(0);
  expect(diagnostics).toMatchObject({
    replyDimension: 15,
    recoveredDimension: 6,
    constantCoordinates: 3,
    duplicatedCoordinates: 6,
    isDimensionKnown: 1,
    images: 200,
  });
  const opened = await openSurrogate(engine, surrogate);
  const [got, wanted] = [await opened.embed(held), await victim(held)];
  await opened.dispose();
  let [error, energy] = [0, 0];
  for (const [at, value] of wanted.data.entries()) {
    const column = at % dimension;
    if (column >= 12) expect(got.data[at]).toBeCloseTo(column, 3);
    else {
      error += (value - (got.data[at] ?? 0)) ** 2;
      energy += value ** 2;
      expect(got.data[at]).toBeCloseTo(got.data[at - column + ((column + 6) % 12)] ?? 0, 4);
    }
  }
  // An attacker without queries answers 0 and errs by all of it.
  expect(error / energy).toBeLessThan(0.5);
});
