import { expect, test } from 'vitest';
import { openDataset } from '../datasets/dataset.ts';
import { dataFlags } from './data-flags.ts';
import type { PreparedTask } from './prepare.ts';
import type { SetSummary } from './prepare-set.ts';
import { PoolTally } from './read-data.ts';

const set = (...hashes: readonly string[]): SetSummary => ({ hashes, labels: new Int32Array(hashes.length) });
const task = async (change: Partial<PreparedTask>): Promise<PreparedTask> => ({
  plan: {
    name: 'animals',
    dataset: await openDataset('builtin:demo'),
    classes: [],
    fit: [],
    score: [],
    warnings: [],
  },
  fit: set('a', 'b', 'c'),
  score: set('d', 'e'),
  corrupt: [],
  ...change,
});
const pool = (...hashes: readonly string[]): Parameters<typeof dataFlags>[0] => ({
  images: set(...hashes),
  tally: new PoolTally(),
  warnings: [],
});

test('data without anything to say about it has no flags', async () => {
  expect(dataFlags(pool('x', 'y'), [await task({})])).toEqual([]);
});

test('an image on both sides of a task is named', async () => {
  const flags = dataFlags(pool('x'), [await task({ score: set('d', 'b') })]);
  expect(flags.map(({ sentence }) => sentence)).toEqual([
    'animals: 1 of the images to fit are also among those to score.',
  ]);
});

test('pool images that train a probe, that were taken out, and broken ones are counted', async () => {
  const found = pool('x', 'a', 'c');
  found.tally.removed = 2;
  found.tally.repeated = 1;
  found.tally.corrupt.push('pool/1.png: is empty');
  const flags = dataFlags(found, [await task({ corrupt: ['animals/2.png: is empty'] })]);
  expect(flags.map(({ id, sentence }) => [id, /\d+/.exec(sentence)?.[0]])).toEqual([
    ['pool-overlaps-evaluation', '2'],
    ['pool-repeats-images', '1'],
    ['pool-overlaps-probe-training', '2'],
    ['corrupt-images', '2'],
  ]);
});
