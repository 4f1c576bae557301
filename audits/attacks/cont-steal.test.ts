import { afterAll, beforeAll, expect, test } from 'vitest';
import { attackService, blobs, smallVictim, type SmallRun } from '../../test/helpers/small-service.ts';
import { matrix } from '../contract/data.ts';
import type { Engine } from '../contract/engine.ts';
import type { Oracle } from '../contract/method.ts';
import { createEngine } from '../tensor/engine.ts';

const dimension = 5;
const victim = smallVictim(dimension);
const pool = blobs(160, 'pool');

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine('onnx', { threads: 1 });
});
afterAll(async () => engine.dispose());

const steal = (text: string, budget: number, epochs: number): Promise<SmallRun> =>
  attackService(text, { engine, victim, dimension, pool, budget, epochs });

test('once pays for one view per image, whatever the epochs', async () => {
  const { oracle, calls, diagnostics } = await steal('cont-steal', 128, 5);
  expect(oracle.ledger().map(({ rows }) => rows)).toEqual([128]);
  expect(diagnostics).toMatchObject({ images: 128, views: 128, steps: 20 });
  // Views are sent, not the images themselves; RandAugment leaves one as it is now and then.
  const originals = new Set(pool.hashes);
  const sent = calls.flatMap(({ images }) => images.hashes);
  expect(sent.filter((hash) => originals.has(hash)).length).toBeLessThan(16);
});

test('every epoch pays for its own views out of the same budget', async () => {
  const { oracle, calls, diagnostics } = await steal('cont-steal:queries=every-epoch', 130, 4);
  // 32 images, four views of each; the two rows that are left pay for no image in all epochs.
  expect(oracle.ledger().map(({ rows }) => rows)).toEqual([128]);
  expect(diagnostics).toMatchObject({ images: 32, views: 128, steps: 4 });
  const sent = calls.flatMap(({ images }) => images.hashes);
  expect(sent.slice(0, 32)).not.toEqual(sent.slice(32, 64));
});

test('a budget below two images in every epoch is refused', async () => {
  await expect(steal('cont-steal:queries=every-epoch', 15, 10)).rejects.toMatchObject({
    code: 'not-applicable',
  });
});

test('the contrast brings each vector nearer to its own reply than to the others’', async () => {
  const { diagnostics } = await steal('cont-steal', 128, 6);
  // By chance every other of the 63 rows is as near as the right one.
  expect(diagnostics['firstLoss']).toBeGreaterThan(diagnostics['finalLoss'] ?? Infinity);
  expect(diagnostics['finalLoss']).toBeLessThan(Math.log(63) - 0.5);
});

test('a service that refuses in the third epoch leaves the first two', async () => {
  const closing = (oracle: Oracle): Oracle => {
    let left = 80;
    return {
      ...oracle,
      isOpen: () => left > 0,
      async query(images, account) {
        const { data, columns } = await oracle.query(images, account);
        const rows = Math.min(left, images.count);
        left -= images.count;
        return matrix(data.subarray(0, rows * columns), rows, columns);
      },
    };
  };
  const run = await attackService('cont-steal:queries=every-epoch', {
    engine,
    victim,
    dimension,
    pool,
    budget: 128,
    epochs: 4,
    guard: closing,
  });
  expect(run.diagnostics).toMatchObject({ images: 32, views: 64, steps: 4 });
});
