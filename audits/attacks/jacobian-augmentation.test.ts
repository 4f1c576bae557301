import { afterAll, beforeAll, expect, test } from 'vitest';
import { attackService, blobs, MemorySlot, smallVictim } from '../../test/helpers/small-service.ts';
import type { AttackContext } from '../contract/method.ts';
import type { Engine } from '../contract/engine.ts';
import { createEngine } from '../tensor/engine.ts';

const dimension = 4;
const victim = smallVictim(dimension);
const pool = blobs(128, 'pool');

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine('onnx', { threads: 1 });
});
afterAll(async () => engine.dispose());

const steal = (text: string, context: Partial<AttackContext> = {}, accounts = 1) =>
  attackService(text, { engine, victim, dimension, pool, budget: 130, epochs: 2, accounts, context });

test('every round doubles the set by images a step away from one that is known', async () => {
  const { calls, oracle, diagnostics } = await steal('jacobian-augmentation:rounds=3');
  expect(calls.map(({ images }) => images.count)).toEqual([16, 16, 32, 64]);
  expect(oracle.ledger()[0]?.rows).toBe(128);
  expect(diagnostics).toMatchObject({ seeds: 16, images: 128, rounds: 3 });
  const [seeds, first] = calls.map(({ images }) => images);
  expect(seeds?.hashes).toEqual(pool.hashes.slice(0, 16));
  const steps = [...(first?.data ?? [])].map((value, at) => Math.abs(value - (seeds?.data[at] ?? 0)));
  expect(Math.max(...steps)).toBe(26);
  // Nearer only where 0 or 255 stood in the way, or nothing depends on the pixel.
  expect(steps.filter((change) => change >= 25).length / steps.length).toBeGreaterThan(0.6);
  expect(new Set(calls.flatMap(({ images }) => images.hashes)).size).toBe(128);
});

test('stopped in any round and resumed, it ends at the same surrogate', async () => {
  const text = 'jacobian-augmentation:rounds=2';
  const whole = await steal(text);
  for (const share of [0.1, 0.3, 0.9]) {
    const checkpoint = new MemorySlot();
    const control = new AbortController();
    const progress = (fraction: number): void => {
      if (fraction > share) control.abort();
    };
    await expect(steal(text, { checkpoint, signal: control.signal, progress })).rejects.toMatchObject({
      code: 'cancelled',
    });
    expect(await checkpoint.load()).toBeDefined();
    const resumed = await steal(text, { checkpoint });
    expect(resumed.surrogate).toEqual(whole.surrogate);
    expect(resumed.oracle.ledger()).toEqual(whole.oracle.ledger());
  }
});

test('a service that answers nothing more leaves it what it has', async () => {
  const run = await attackService('jacobian-augmentation:rounds=3', {
    engine,
    victim,
    dimension,
    pool,
    budget: 128,
    guard: (oracle) => ({ ...oracle, isOpen: () => oracle.remaining() > 96 }),
  });
  expect(run.diagnostics).toMatchObject({ seeds: 16, images: 32, rounds: 1 });
});
