import { afterAll, beforeAll, expect, test } from 'vitest';
import { attackService, blobs, smallVictim } from '../../test/helpers/small-service.ts';
import { matrix, matrixRow } from '../contract/data.ts';
import type { Engine } from '../contract/engine.ts';
import { createRng } from '../rng.ts';
import { createEngine } from '../tensor/engine.ts';
import { averagePatches } from './rda.ts';

const dimension = 5;
const victim = smallVictim(dimension);
const pool = blobs(160, 'pool');

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine('onnx', { threads: 1 });
});
afterAll(async () => engine.dispose());

const steal = (text: string, options: { readonly accounts?: number; readonly epochs?: number } = {}) =>
  attackService(text, { engine, victim, dimension, pool, budget: 160, ...options });

test('a prototype is the mean of the normalised replies to the patches that were answered', () => {
  const replies = matrix(Float32Array.from([3, 4, 0, 2, 0, -9, 7, 0]), 4, 2);
  // Of image 0 patches 0 and 2, of image 1 none, of image 2 patches 0 and 1.
  const { rows, prototypes } = averagePatches({ indices: [0, 2, 6, 7], replies }, 3);
  expect(rows).toEqual([0, 2]);
  [0.3, 0.9, 0.5, -0.5].forEach((value, at) => expect(prototypes.data[at]).toBeCloseTo(value, 6));
});

test('noise that is fresh for every patch falls as one over their number', () => {
  const rng = createRng('noise');
  const images = 400;
  const clean = [1, 0, 0, 0];
  const variance = (patches: number): number => {
    const data = Float32Array.from(
      { length: images * patches * 4 },
      (_, at) => (clean[at % 4] ?? 0) + 0.05 * rng.normal(),
    );
    const indices = Array.from({ length: images * patches }, (_, row) => row);
    const { prototypes } = averagePatches({ indices, replies: matrix(data, images * patches, 4) }, patches);
    // Normalising takes the noise along the reply away; the other coordinates keep theirs.
    let sum = 0;
    for (let row = 0; row < images; row++)
      for (const value of matrixRow(prototypes, row).subarray(1)) sum += value ** 2;
    return sum / images / 3;
  };
  const one = variance(1);
  expect(one / variance(4)).toBeCloseTo(4, 0);
  expect(one / variance(16) / 16).toBeGreaterThan(0.85);
  expect(one / variance(16) / 16).toBeLessThan(1.15);
});

test('patches times images are paid for, and the patches of an image go to one account', async () => {
  const { calls, diagnostics } = await steal('rda:patches=8:loss=prototypes', { accounts: 2 });
  expect(calls.map(({ account, images }) => [account, images.count])).toEqual([
    [0, 80],
    [1, 80],
  ]);
  expect(diagnostics).toMatchObject({ images: 20, answeredPatches: 160 });
});

test.each(['prototypes', 'full'])('%s comes down', async (loss) => {
  const { diagnostics } = await steal(`rda:loss=${loss}:patches=2`, { epochs: 5 });
  expect(diagnostics['finalLoss']).toBeLessThan((diagnostics['firstLoss'] ?? 0) - 0.1);
});
