import { afterAll, beforeAll, expect, test } from 'vitest';
import { attackService, blobs, MemorySlot, smallVictim } from '../../test/helpers/small-service.ts';
import type { AttackContext } from '../contract/method.ts';
import type { Engine } from '../contract/engine.ts';
import { createEngine } from '../tensor/engine.ts';

/** What the service answers with: projections of five numbers. */
const dimension = 5;
const project = smallVictim(dimension);
const pool = blobs(128, 'pool');

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine('onnx', { threads: 1 });
});
afterAll(async () => engine.dispose());

const steal = (context: Partial<AttackContext> = {}, text = 'access-head') =>
  attackService(text, { engine, victim: project, dimension, pool, budget: 128, epochs: 4, context });

test('learns the projections behind a head that it throws away', async () => {
  const { surrogate, diagnostics, oracle } = await steal();
  expect(oracle.ledger()[0]?.rows).toBe(128);
  expect(diagnostics['finalLoss']).toBeLessThan((diagnostics['firstLoss'] ?? 0) - 0.2);
  // Not as long as what the service answers: the embedding behind its head was never seen.
  expect(surrogate).toMatchObject({ kind: 'network', dimension: 256 });
  expect(
    Object.keys('weights' in surrogate ? surrogate.weights : {}).filter((name) => /head/.test(name)),
  ).toEqual([]);
});

test('the temperature reaches the loss', async () => {
  const [cold, warm] = [await steal(), await steal({}, 'access-head:temperature=1')];
  expect(warm.surrogate).not.toEqual(cold.surrogate);
});

test('stopped and resumed, it ends at the same surrogate, its head included in what was kept', async () => {
  const whole = await steal();
  const checkpoint = new MemorySlot();
  const control = new AbortController();
  const progress = (fraction: number): void => {
    if (fraction > 0.6) control.abort();
  };
  await expect(steal({ checkpoint, signal: control.signal, progress })).rejects.toMatchObject({
    code: 'cancelled',
  });
  expect(Object.keys(checkpoint.saved?.tensors ?? {})).toContain('loss-head/output/kernel');
  const resumed = await steal({ checkpoint });
  expect(resumed.surrogate).toEqual(whole.surrogate);
  expect(resumed.diagnostics).toEqual(whole.diagnostics);
});
