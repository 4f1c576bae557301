import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Matrix, matrix } from '../contract/data.ts';
import type { Engine } from '../contract/engine.ts';
import type { DefenseSession } from '../contract/method.ts';
import { calibrateChain, chainOutputDimension, openChainSession, parseChain } from '../defenses/chain.ts';
import type { MeteredOracle } from '../oracle.ts';
import { createRng } from '../rng.ts';
import { createEngine } from '../tensor/engine.ts';
import { explainedShare } from './account-maps.ts';
import { cleanOf, contextOf, dimension, kindImages, serviceOf } from './accounts.sample.ts';
import { sybilRemap } from './sybil-remap.ts';

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine('onnx', { threads: 1 });
});
afterAll(async () => engine.dispose());

const pool = kindImages(400);

function defended(text: string): {
  readonly open: (account: number) => DefenseSession;
  readonly dimension: number;
} {
  const chain = parseChain(text);
  const key = createRng('service');
  const calibration = calibrateChain(chain, cleanOf(kindImages(200)), key);
  return {
    open: (account) => openChainSession(chain, calibration, account, key),
    dimension: chainOutputDimension(chain, dimension),
  };
}

function serviceBehind(text: string, budget: number, accounts: number): MeteredOracle {
  const { open, dimension: width } = defended(text);
  return serviceOf({ openSession: open, dimension: width, budget, accounts });
}

describe.each([
  ['rotation', 'auto', 0.9999],
  ['rotation', 'unpaired', 0.9],
  ['elementwise', 'auto', 0.9999],
  ['affine', 'ridge', 0.9999],
  ['pad-shuffle', 'matching', 1],
  ['binary', 'logistic', 0.5],
])('%s, remapped by %s', (family, method, explained) => {
  test('every reply reaches the base in the space of account 0, next to its own image', async () => {
    const text = `account-transform:family=${family}`;
    const oracle = serviceBehind(text, 300, 3);
    const { context, seen } = contextOf(engine, oracle, pool);
    await sybilRemap.run(context, { method, anchors: 40 });
    const { images, replies } = seen();
    // 40 anchors cost three rows each and are one image each.
    expect(images.count).toBe(method === 'unpaired' ? 300 : 300 - 2 * 40);
    expect(oracle.remaining()).toBe(0);
    const wanted = defended(text).open(0).reply(cleanOf(images), images.hashes);
    expect(explainedShare(replies, wanted)).toBeGreaterThanOrEqual(explained);
    const rows = oracle.ledger().map((entry) => entry.rows);
    expect(Math.max(...rows) - Math.min(...rows)).toBeLessThanOrEqual(10);
  });
});

test('no more than half of a small budget goes into anchors', async () => {
  const oracle = serviceBehind('account-transform', 100, 2);
  const { context, seen } = contextOf(engine, oracle, pool);
  const { diagnostics } = await sybilRemap.run(context, {});
  expect(diagnostics).toMatchObject({ anchors: 25, mappedAccounts: 2 });
  expect(seen().images.count).toBe(75);
});

test('an account that refuses is left to the others; with all refused the base gets what there is', async () => {
  const limited =
    (rows: number) =>
    (account: number): DefenseSession => {
      let left = account === 0 ? Infinity : rows;
      return {
        reply({ data, columns, rows: asked }): Matrix {
          const answered = Math.min(asked, left);
          left -= answered;
          return matrix(data.slice(0, answered * columns), answered, columns);
        },
      };
    };
  const oracle = serviceOf({ openSession: limited(60), budget: 300, accounts: 2 });
  const { context, seen } = contextOf(engine, oracle, pool);
  await sybilRemap.run(context, { anchors: 40 });
  expect(oracle.ledger().map(({ rows }) => rows)).toEqual([240, 60]);
  expect(explainedShare(seen().replies, cleanOf(seen().images))).toBeGreaterThan(0.9999);
});

test('one account is not applicable, before and during a run', async () => {
  const facts = { hasBackbone: false, hasProjection: false, hasPoolLabels: false, defense: [] };
  expect(sybilRemap.notApplicable?.({}, { ...facts, accounts: 1 })).toMatch(/two accounts/);
  expect(sybilRemap.notApplicable?.({}, { ...facts, accounts: 2 })).toBeUndefined();
  const { context } = contextOf(engine, serviceBehind('none', 100, 1), pool);
  await expect(sybilRemap.run(context, {})).rejects.toMatchObject({ code: 'not-applicable' });
});

test('many heads get below what any one head could reach on the replies of two rotated accounts', async () => {
  const { open } = defended('account-transform');
  const [zero, one] = [0, 1].map((account) => open(account).reply(cleanOf(pool), pool.hashes));
  if (zero === undefined || one === undefined) throw new Error('no replies');
  // Asked for one answer to both, the best is their mean: a quarter of their squared distance is lost.
  const mean = matrix(
    zero.data.map((value, at) => (value + (one.data[at] ?? 0)) / 2),
    zero.rows,
    zero.columns,
  );
  const floor = 1 - explainedShare(mean, zero);
  const { context } = contextOf(engine, serviceBehind('account-transform', 160, 2), pool);
  const surrogate = { ...context.surrogate, epochs: 14, batchSize: 16 };
  const outcome = await sybilRemap.run({ ...context, surrogate }, { method: 'multi-head' });
  expect(outcome.diagnostics['finalLoss']).toBeLessThan(0.8 * floor);
  expect(outcome.surrogate).toMatchObject({ kind: 'network', dimension });
  const weights = 'weights' in outcome.surrogate ? Object.keys(outcome.surrogate.weights) : [];
  expect(weights.some((name) => name.includes('account'))).toBe(false);
});

test('for bits the heads are logistic, and their loss falls below that of a coin', async () => {
  const { context } = contextOf(engine, serviceBehind('account-transform:family=binary', 160, 2), pool);
  const { surrogate, diagnostics } = await sybilRemap.run(context, { method: 'multi-head' });
  expect(surrogate).toMatchObject({ dimension: 2 * dimension });
  expect(diagnostics['finalLoss']).toBeLessThan(0.8 * Math.LN2);
});
