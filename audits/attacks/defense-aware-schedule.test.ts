import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Matrix, matrix } from '../contract/data.ts';
import type { Engine } from '../contract/engine.ts';
import type { DefenseSession, FeatureEncoder } from '../contract/method.ts';
import { calibrateChain, openChainSession, parseChain } from '../defenses/chain.ts';
import { createRng } from '../rng.ts';
import { createEngine } from '../tensor/engine.ts';
import { explainedShare } from './account-maps.ts';
import { cleanOf, contextOf, dimension, kindImages, type Seen, serviceOf } from './accounts.sample.ts';
import { defenseAwareSchedule } from './defense-aware-schedule.ts';
import { visitedBuckets } from './visited-buckets.ts';

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine('onnx', { threads: 1 });
});
afterAll(async () => engine.dispose());

const pool = kindImages(400);

/** Answers the first rows of an account clean, then with noise of standard deviation 3. */
function noisyAfter(clean: number) {
  return (account: number): DefenseSession => {
    const rng = createRng(`noise/${account}`);
    let rows = 0;
    return {
      reply({ data, rows: asked, columns }): Matrix {
        const from = rows;
        rows += asked;
        return matrix(
          data.map((value, at) => value + (from + Math.floor(at / columns) < clean ? 0 : 3 * rng.normal())),
          asked,
          columns,
        );
      },
    };
  };
}

/** Share of the clean embeddings that the first rows which reached the base explain. */
function cleanShare({ images, replies }: Seen, rows: number): number {
  const clean = cleanOf(images);
  const first = ({ data }: Matrix): Matrix => matrix(data.slice(0, rows * dimension), rows, dimension);
  return explainedShare(first(replies), first(clean));
}

test('at the onset of noise the block is dropped and sent on the next account', async () => {
  const oracle = serviceOf({ openSession: noisyAfter(100), budget: 300, accounts: 2 });
  const { context, seen } = contextOf(engine, oracle, pool);
  const settings = { every: 16, split: 'fill', remap: 'none' };
  const { diagnostics } = await defenseAwareSchedule.run(context, settings);
  const answered = seen().images.count;
  expect(diagnostics).toMatchObject({ accountsGivenUp: 2 });
  expect(diagnostics['droppedRows']).toBeGreaterThan(0);
  // Both accounts had 100 clean rows, canaries among them; only the very last block may be noisy.
  expect(answered).toBeGreaterThan(160);
  expect(cleanShare(seen(), answered - 16)).toBeGreaterThan(0.9999);
});

test('without the probe the noise reaches the base', async () => {
  const oracle = serviceOf({ openSession: noisyAfter(100), budget: 300, accounts: 2 });
  const { context, seen } = contextOf(engine, oracle, pool);
  await defenseAwareSchedule.run(context, { onset: false, split: 'fill', remap: 'none' });
  expect(seen().images.count).toBe(300);
  expect(cleanShare(seen(), 300)).toBeLessThan(0.5);
});

test('a clean service costs one canary per account and one per block, and nothing is dropped', async () => {
  const oracle = serviceOf({ openSession: noisyAfter(Infinity), budget: 300, accounts: 2 });
  const { context, seen } = contextOf(engine, oracle, pool);
  const { diagnostics } = await defenseAwareSchedule.run(context, { every: 50, remap: 'none' });
  // 146 rows on each account: one canary before them and two after whole blocks.
  expect(diagnostics).toMatchObject({ droppedRows: 0, accountsGivenUp: 0, mostNoise: 0, canaries: 6 });
  expect(seen().images.count).toBe(292);
  expect(cleanShare(seen(), 292)).toBe(1);
});

test('noise that was there from the beginning is no onset', async () => {
  const oracle = serviceOf({ openSession: noisyAfter(0), budget: 200, accounts: 1 });
  const { context, seen } = contextOf(engine, oracle, pool);
  const { diagnostics } = await defenseAwareSchedule.run(context, { every: 20 });
  expect(diagnostics).toMatchObject({ droppedRows: 0, accountsGivenUp: 0 });
  expect(seen().images.count).toBeGreaterThan(180);
});

test('weighing draws noisy replies towards the mean, which is nearer to the truth', async () => {
  const share = async (noisy: string, threshold: number): Promise<number> => {
    const oracle = serviceOf({ openSession: noisyAfter(50), budget: 300, accounts: 1 });
    const { context, seen } = contextOf(engine, oracle, pool);
    await defenseAwareSchedule.run(context, { every: 25, noisy, threshold });
    return cleanShare(seen(), seen().images.count);
  };
  // A threshold that nothing reaches leaves the replies as they are.
  expect(await share('weight', 0.2)).toBeGreaterThan((await share('weight', 100)) + 1);
});

test('an even split keeps every account below what one would have set off', async () => {
  const chain = parseChain('b4b:bits=8:calibrate=false:beta=20');
  const key = createRng('service');
  const calibration = calibrateChain(chain, cleanOf(kindImages(200)), key);
  const noise = async (accounts: number): Promise<number> => {
    const open = (account: number): DefenseSession => openChainSession(chain, calibration, account, key);
    const oracle = serviceOf({ openSession: open, budget: 240, accounts });
    const { context, seen } = contextOf(engine, oracle, pool);
    await defenseAwareSchedule.run(context, { onset: false, remap: 'none' });
    const rows = oracle.ledger().map((entry) => entry.rows);
    // A call of 50 goes out in equal parts.
    expect(Math.max(...rows) - Math.min(...rows)).toBeLessThanOrEqual(Math.ceil(50 / accounts));
    expect(rows).toHaveLength(accounts);
    return 1 - cleanShare(seen(), seen().images.count);
  };
  expect(await noise(8)).toBeLessThan(0.5 * (await noise(1)));
});

test('with several accounts and a transform the replies are remapped', async () => {
  const chain = parseChain('account-transform');
  const key = createRng('service');
  const calibration = calibrateChain(chain, cleanOf(kindImages(200)), key);
  const open = (account: number): DefenseSession => openChainSession(chain, calibration, account, key);
  const oracle = serviceOf({ openSession: open, budget: 300, accounts: 2 });
  const { context, seen } = contextOf(engine, oracle, pool);
  await defenseAwareSchedule.run(context, { anchors: 30, every: 32 });
  const { images, replies } = seen();
  const wanted = open(0).reply(cleanOf(images), images.hashes);
  expect(explainedShare(replies, wanted)).toBeGreaterThan(0.9999);
});

test('a limited pool holds only kinds that the first tenth of the budget has seen', async () => {
  // Features that name the kind: one bucket a kind.
  const place = createRng('places');
  const places = Array.from({ length: 12 }, () => Array.from({ length: 32 }, () => place.normal()));
  const encoder: FeatureEncoder = {
    dimension: 32,
    embed: async ({ hashes, count }) =>
      matrix(
        Float32Array.from(hashes.flatMap((hash) => places[Number(hash.slice(6)) % 12] ?? [])),
        count,
        32,
      ),
  };
  const chosen = await visitedBuckets(encoder, pool, 30, createRng('buckets'), () => undefined);
  expect(chosen).toHaveLength(30);
  expect(new Set(chosen.map((image) => image % 12))).toEqual(new Set([0, 1, 2]));
  expect(chosen).toEqual(chosen.toSorted((a, b) => a - b));
});
