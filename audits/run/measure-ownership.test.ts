import { expect, test } from 'vitest';
import type { Measurement } from '../contract/cell.ts';
import { matrix, type Images, type Matrix } from '../contract/data.ts';
import { createRng } from '../rng.ts';
import { plainMultiplier } from '../tensor/linear-algebra/plain-multiplier.sample.ts';
import { createFidelity } from './measure-fidelity.ts';
import { measureOwnership, measureVictim, observe, type OwnershipTarget } from './measure-ownership.ts';

const [ROWS, DIMENSION] = [240, 6];
const gaussian = (name: string, columns = DIMENSION): Matrix => {
  const rng = createRng(name);
  return matrix(
    Float32Array.from({ length: ROWS * columns }, () => rng.normal()),
    ROWS,
    columns,
  );
};
const images = (name: string): Images => ({
  data: new Uint8Array(ROWS * 3),
  count: ROWS,
  height: 1,
  width: 1,
  hashes: Array.from({ length: ROWS }, (_, i) => `${name}/${i}`),
});
/** An encoder by a table: what it answers to each of the two sets. */
const answers = (prefix: string) => ({
  name: prefix,
  scored: gaussian(`${prefix}/scored`),
  embed: (asked: Images) => Promise.resolve(gaussian(`${prefix}/${asked.hashes[0] ?? ''}`)),
});

async function target(hasSides: boolean): Promise<OwnershipTarget> {
  const victim = answers('victim');
  const sides = hasSides ? { private: images('private'), public: images('public') } : {};
  const seen = async (set: Images | undefined): Promise<Matrix | undefined> =>
    set === undefined ? undefined : victim.embed(set);
  return {
    context: {
      engine: plainMultiplier,
      rng: createRng('tests'),
      signal: new AbortController().signal,
      victim: observe('victim', victim.scored, await seen(sides.private), await seen(sides.public)),
      fidelity: createFidelity(
        { engine: plainMultiplier, rng: createRng('fidelity') },
        gaussian('untrained'),
      ),
    },
    ...sides,
  };
}
const byTest = (measured: readonly Measurement[]): Readonly<Record<string, number>> =>
  Object.fromEntries(measured.map(({ metric, value }) => [metric, value]));

test('the victim is itself by every test, a stranger by none', async () => {
  const opened = await target(false);
  const own = byTest(await measureVictim(opened));
  expect(byTest(await measureOwnership(opened, answers('victim')))).toEqual(own);
  expect(own['ownership/similarity-fingerprint']).toBeCloseTo(1, 5);
  expect(own['ownership/similarity-fingerprint:measure=mi-score']).toBeCloseTo(1, 5);
  expect(own['ownership/distance-test']).toBeCloseTo(0, 6);
  const stranger = byTest(await measureOwnership(opened, answers('stranger')));
  expect(Object.keys(stranger)).toEqual(Object.keys(own));
  for (const [metric, value] of Object.entries(stranger)) expect(value).toBeLessThan(own[metric] ?? 0);
});

test('where the owner names private images, encoders are compared on those, and dataset inference is made', async () => {
  const plain = byTest(await measureOwnership(await target(false), answers('stranger')));
  const sides = byTest(await measureOwnership(await target(true), answers('stranger')));
  expect(Object.keys(sides)).toEqual([...Object.keys(plain), 'ownership/dataset-inference']);
  expect(sides['ownership/distance-test']).not.toBe(plain['ownership/distance-test']);
});

test('a test that cannot be made of an encoder is left out', async () => {
  const wider = { ...answers('stranger'), scored: gaussian('wider', 2 * DIMENSION) };
  const found = byTest(await measureOwnership(await target(false), wider));
  expect(found).not.toHaveProperty('ownership/distance-test');
  expect(found).toHaveProperty('ownership/similarity-fingerprint');
});
