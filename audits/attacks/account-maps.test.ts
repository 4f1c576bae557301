import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Matrix, matrix, matrixRow, matrixRows } from '../contract/data.ts';
import type { Engine } from '../contract/engine.ts';
import { calibrateChain, openChainSession, parseChain } from '../defenses/chain.ts';
import { createRng } from '../rng.ts';
import { createEngine } from '../tensor/engine.ts';
import { chooseAccountMap, explainedShare, fitAccountMap, type PairedMethod } from './account-maps.ts';

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine('onnx', { threads: 1 });
});
afterAll(async () => engine.dispose());

/** Embeddings whose variance along hidden directions falls as `1 / rank^decay`, off the origin. */
function embeddingsOf(rows: number, dimension: number, decay: number, seed: string): Matrix {
  const turn = createRng('mixing');
  const mixing = Float64Array.from({ length: dimension ** 2 }, () => turn.normal() / Math.sqrt(dimension));
  const rng = createRng(seed);
  const data = new Float32Array(rows * dimension);
  for (let row = 0; row < rows; row++) {
    for (let hidden = 0; hidden < dimension; hidden++) {
      const value = rng.normal() * (1 + hidden) ** (-decay / 2);
      for (let i = 0; i < dimension; i++)
        data[row * dimension + i] =
          (data[row * dimension + i] ?? 0) + value * (mixing[hidden * dimension + i] ?? 0);
    }
    for (let i = 0; i < dimension; i++) data[row * dimension + i] = (data[row * dimension + i] ?? 0) + 0.2;
  }
  return matrix(data, rows, dimension);
}

/** The same embeddings as two accounts of one service get them. */
function twoAccounts(defense: string, embeddings: Matrix): readonly [to: Matrix, from: Matrix] {
  const chain = parseChain(defense);
  const rng = createRng('service');
  const calibration = calibrateChain(chain, matrixRows(embeddings, 0, Math.min(200, embeddings.rows)), rng);
  const inputs = Array.from({ length: embeddings.rows }, (_, row) => `input-${row}`);
  const reply = (account: number): Matrix =>
    openChainSession(chain, calibration, account, rng).reply(embeddings, inputs);
  return [reply(0), reply(1)];
}

function meanCosine(a: Matrix, b: Matrix): number {
  let total = 0;
  for (let row = 0; row < a.rows; row++) {
    const [x, y] = [matrixRow(a, row), matrixRow(b, row)];
    const inner = (u: Float32Array, v: Float32Array): number =>
      u.reduce((sum, value, i) => sum + value * (v[i] ?? 0), 0);
    total += inner(x, y) / Math.sqrt(inner(x, x) * inner(y, y));
  }
  return total / a.rows;
}

/** Learns on the first `anchors` rows and maps the rest. */
async function remap(
  method: PairedMethod,
  [to, from]: readonly [Matrix, Matrix],
  anchors: number,
): Promise<readonly [mapped: Matrix, wanted: Matrix]> {
  const map = await fitAccountMap(method, engine, matrixRows(from, 0, anchors), matrixRows(to, 0, anchors));
  if (map === undefined) throw new Error(`${method} has no answer`);
  return [await map(matrixRows(from, anchors, from.rows)), matrixRows(to, anchors, to.rows)];
}

describe('with more anchors than dimensions and no noise', () => {
  const embeddings = embeddingsOf(200, 32, 1, 'embeddings');

  test.each([
    ['ridge', 'rotation'],
    ['ridge', 'elementwise'],
    ['ridge', 'affine'],
    ['ridge', 'pad-shuffle'],
    ['procrustes', 'rotation'],
  ] as const)('%s recovers %s to float accuracy', async (method, family) => {
    const accounts = twoAccounts(`account-transform:family=${family}`, embeddings);
    const [mapped, wanted] = await remap(method, accounts, 100);
    expect(1 - explainedShare(mapped, wanted)).toBeLessThan(1e-7);
  });

  test('ridge with fewer anchors than dimensions does not', async () => {
    const accounts = twoAccounts('account-transform:family=affine', embeddings);
    const [mapped, wanted] = await remap('ridge', accounts, 24);
    expect(1 - explainedShare(mapped, wanted)).toBeGreaterThan(1e-3);
  });

  test.each([8, 100])('matching recovers pad-shuffle exactly from %i anchors', async (anchors) => {
    const accounts = twoAccounts('account-transform:family=pad-shuffle', embeddings);
    const [mapped, wanted] = await remap('matching', accounts, anchors);
    expect(mapped.data).toEqual(wanted.data);
  });
});

test.each(['affine', 'elementwise', 'pad-shuffle'])(
  '64 anchors at 256 dimensions with a decaying spectrum map %s with a cosine of about 0.9',
  async (family) => {
    const accounts = twoAccounts(
      `account-transform:family=${family}`,
      embeddingsOf(164, 256, 1.5, 'decaying'),
    );
    const [mapped, wanted] = await remap('ridge', accounts, 64);
    expect(meanCosine(mapped, wanted)).toBeGreaterThan(0.85);
    expect(meanCosine(mapped, wanted)).toBeLessThan(0.999);
  },
);

test('logistic regression on the bits beats a guess, and needs bits', async () => {
  const embeddings = embeddingsOf(300, 12, 1, 'embeddings');
  const accounts = twoAccounts('account-transform:family=binary', embeddings);
  const [mapped, wanted] = await remap('logistic', accounts, 200);
  expect(meanCosine(mapped, wanted)).toBeGreaterThan(0.75);
  expect(mapped.data.every((value) => Math.abs(value) <= 1)).toBe(true);
  expect(await fitAccountMap('logistic', engine, embeddings, embeddings)).toBeUndefined();
  expect(await fitAccountMap('procrustes', engine, embeddings, accounts[0])).toBeUndefined();
});

describe('left to choose, it takes what explains held-out anchors best', () => {
  const embeddings = embeddingsOf(120, 24, 1, 'embeddings');

  test.each([
    ['rotation', 'procrustes'],
    ['pad-shuffle', 'matching'],
    ['affine', 'ridge'],
    ['elementwise', 'matching'],
  ])('%s: %s', async (family, method) => {
    const [to, from] = twoAccounts(`account-transform:family=${family}`, embeddings);
    const chosen = await chooseAccountMap(engine, matrixRows(from, 0, 40), matrixRows(to, 0, 40));
    expect(chosen?.method).toBe(method);
    if (family !== 'affine') expect(chosen?.explained).toBeGreaterThan(0.999);
  });

  test('with noise on both sides a map of many anchors still fits', async () => {
    const [to, from] = twoAccounts('gaussian-noise:sigma=0.3+account-transform:family=affine', embeddings);
    const chosen = await chooseAccountMap(engine, from, to);
    expect(chosen?.explained).toBeGreaterThan(0.5);
    expect(chosen?.explained).toBeLessThan(1);
  });
});
