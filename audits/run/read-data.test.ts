import {
  copyFileSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { AuditConfig } from '../contract/audit.ts';
import type { Images } from '../contract/data.ts';
import type { ImageGeometry } from '../contract/encoder.ts';
import { completeAttack } from '../attacks/resolve.ts';
import { createRng } from '../rng.ts';
import { exampleConfig } from '../store/fixtures/example.ts';
import { writeTinyImages } from '../../test/helpers/tiny-images.ts';
import { EvaluationImages } from '../datasets/duplicates.ts';
import { planPool, planTask, poolBlocks, PoolTally, taskBlocks, type TaskPlan } from './read-data.ts';

/** Real image files: what attackers may send must have nothing to do with what the audit scores on. */

let folder: string;
let task: TaskPlan;
let scored: readonly string[];
const geometry: ImageGeometry = {
  height: 16,
  width: 16,
  resize: 'stretch',
  resizeTo: 16,
  interpolation: 'bilinear',
};
const context = { signal: new AbortController().signal, geometry };
const inside = (...parts: readonly string[]): string => path.join(folder, ...parts);

beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'moat-data-'));
  await writeTinyImages(inside('task', 'train'), { classes: 2, perClass: 12, seed: 'fit' });
  await writeTinyImages(inside('task', 'test'), { classes: 2, perClass: 10, seed: 'score' });
  await writeTinyImages(inside('pool'), { classes: 1, perClass: 30, seed: 'pool' });
  await writeTinyImages(inside('other'), { classes: 1, perClass: 30, seed: 'other' });
  // Two classes under other names, which come in another order: of them only `class-1` is a name of the next pool too.
  await writeTinyImages(inside('named'), { classes: 2, perClass: 8, seed: 'named' });
  renameSync(inside('named', 'class-0'), inside('named', 'aardvark'));
  await writeTinyImages(inside('both'), { classes: 2, perClass: 8, seed: 'both' });
  mkdirSync(inside('flat'));
  for (const file of readdirSync(inside('other', 'class-0')).slice(0, 8))
    copyFileSync(inside('other', 'class-0', file), inside('flat', file));
  cpSync(inside('pool'), inside('leaking'), { recursive: true });
  for (const file of readdirSync(inside('task', 'test', 'class-0')))
    copyFileSync(inside('task', 'test', 'class-0', file), inside('leaking', 'class-0', `leak-${file}`));
  copyFileSync(inside('pool', 'class-0', '0.png'), inside('leaking', 'class-0', 'copy.png'));
  await writeTinyImages(inside('broken'), { classes: 1, perClass: 2, seed: 'broken' });
  for (const file of ['0.png', '1.png']) writeFileSync(inside('broken', 'class-0', file), 'no picture');
  task = await planTask({ name: 'task', path: inside('task') }, config([], 8), createRng(1));
  scored = await hashesOf(taskBlocks(task, task.score, [], context));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function config(pools: readonly string[], budget: number): AuditConfig {
  return {
    ...exampleConfig,
    attacks: [completeAttack({ id: 'direct-extraction', config: {} })],
    budgets: [budget],
    pools: pools.map((name) => ({ name, path: inside(name) })),
  };
}

async function hashesOf(blocks: AsyncIterable<{ readonly images: Images }>): Promise<readonly string[]> {
  const hashes: string[] = [];
  for await (const { images } of blocks) hashes.push(...images.hashes);
  return hashes;
}

async function pool(
  names: readonly string[],
  budget: number,
): Promise<{ readonly hashes: readonly string[]; readonly tally: PoolTally }> {
  const plan = await planPool(config(names, budget), createRng(1));
  const evaluation = new EvaluationImages();
  for await (const { images } of taskBlocks(task, task.score, [], context)) evaluation.add(images);
  const tally = new PoolTally();
  const hashes: string[] = [];
  for await (const { images } of poolBlocks(plan, evaluation, tally, context)) hashes.push(...images.hashes);
  return { hashes, tally };
}

test('evaluation images and copies are taken out of a pool, and counted', async () => {
  const { hashes, tally } = await pool(['leaking'], 20);
  const { removed, repeated } = tally;
  expect(hashes.filter((hash) => scored.includes(hash))).toEqual([]);
  expect(new Set(hashes).size).toBe(hashes.length);
  expect(removed).toBeGreaterThanOrEqual(10);
  expect(repeated).toBe(1);
});

test('a pool has twice the budget where it can, so that seeds send different images', async () => {
  expect((await pool(['pool'], 10)).hashes.length).toBe(20);
  expect((await pool(['pool'], 25)).hashes.length).toBeLessThanOrEqual(30);
});

test('attacks that a defense must face send their whole budget though only a control was named', async () => {
  const asked = { ...config(['pool'], 10), attacks: [completeAttack({ id: 'no-victim', config: {} })] };
  expect(await planPool(asked, createRng(1))).toMatchObject({ needed: 10, wanted: 20 });
});

test('a detector is given streams of twenty thieves, however small the budget', async () => {
  const watched = { ...config(['pool'], 10), defenses: [[], [{ id: 'prada', config: {} }]] };
  expect(await planPool(watched, createRng(1))).toMatchObject({ needed: 10, wanted: 4000 });
});

test('several pools are mixed evenly, whatever was read first', async () => {
  const { hashes } = await pool(['pool', 'other'], 12);
  const first = new Set((await pool(['pool'], 15)).hashes);
  const share = hashes.filter((hash) => first.has(hash)).length / hashes.length;
  expect(share).toBeGreaterThan(0.25);
  expect(share).toBeLessThan(0.75);
});

test('a small pool of broken files does not stop an audit whose other pool is fine', async () => {
  const { hashes, tally } = await pool(['pool', 'broken'], 15);
  expect(hashes.length).toBeGreaterThanOrEqual(15);
  expect(tally.corrupt.length).toBeLessThanOrEqual(2);
});

test('fewer images than the budget is refused with both numbers', async () => {
  await expect(pool(['pool'], 31)).rejects.toMatchObject({
    code: 'dataset-too-small',
    message: expect.stringMatching(/30 images.*31/) as string,
  });
});

test('broken files alone are refused', async () => {
  await expect(pool(['broken'], 2)).rejects.toMatchObject({
    code: 'dataset-unreadable',
    message: expect.stringMatching(/None of the 2 images of broken/) as string,
  });
});

test('the same seed reads the same images in the same order', async () => {
  expect((await pool(['pool', 'other'], 12)).hashes).toEqual((await pool(['pool', 'other'], 12)).hashes);
});

/** The class name of every image that a pool sends, by identity; '' without one. */
async function namesIn(names: readonly string[], budget: number): Promise<ReadonlyMap<string, string>> {
  const plan = await planPool(config(names, budget), createRng(1));
  const found = new Map<string, string>();
  for await (const { images, labels } of poolBlocks(plan, new EvaluationImages(), new PoolTally(), context))
    for (const [at, hash] of images.hashes.entries()) found.set(hash, plan.classes[labels[at] ?? -1] ?? '');
  return found;
}

test('classes of several pools are joined by name; an image without a class folder has none', async () => {
  const together = await namesIn(['named', 'both', 'flat'], 40);
  const count = (name: string): number => [...together.values()].filter((found) => found === name).length;
  expect([count('aardvark'), count('class-0'), count('class-1'), count('')]).toEqual([8, 8, 16, 8]);
  const { classes } = await planPool(config(['named', 'both', 'flat'], 40), createRng(1));
  expect(classes.toSorted()).toEqual(['aardvark', 'class-0', 'class-1']);
  for (const one of ['named', 'both', 'flat'])
    for (const [hash, name] of await namesIn([one], 8)) expect(together.get(hash)).toBe(name);
});
