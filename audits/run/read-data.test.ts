import { copyFileSync, cpSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { AuditConfig } from '../contract/audit.ts';
import type { ImageGeometry } from '../contract/encoder.ts';
import { completeAttack } from '../attacks/resolve.ts';
import { createRng } from '../rng.ts';
import { exampleConfig } from '../store/fixtures/example.ts';
import { writeTinyImages } from '../../test/helpers/tiny-images.ts';
import { readPool, readTask, type PoolData, type TaskData } from './read-data.ts';

/** Real image files: what attackers may send must have nothing to do with what the audit scores on. */

let folder: string;
let task: TaskData;
const geometry: ImageGeometry = {
  height: 16,
  width: 16,
  resize: 'stretch',
  resizeTo: 16,
  interpolation: 'bilinear',
};
const context = { signal: new AbortController().signal };
const inside = (...parts: readonly string[]): string => path.join(folder, ...parts);

beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'moat-data-'));
  await writeTinyImages(inside('task', 'train'), { classes: 2, perClass: 12, seed: 'fit' });
  await writeTinyImages(inside('task', 'test'), { classes: 2, perClass: 10, seed: 'score' });
  await writeTinyImages(inside('pool'), { classes: 1, perClass: 30, seed: 'pool' });
  await writeTinyImages(inside('other'), { classes: 1, perClass: 30, seed: 'other' });
  cpSync(inside('pool'), inside('leaking'), { recursive: true });
  const scored = readdirSync(inside('task', 'test', 'class-0'));
  for (const file of scored)
    copyFileSync(inside('task', 'test', 'class-0', file), inside('leaking', 'class-0', `leak-${file}`));
  copyFileSync(inside('pool', 'class-0', '0.png'), inside('leaking', 'class-0', 'copy.png'));
  cpSync(inside('task'), inside('careless'), { recursive: true });
  copyFileSync(
    inside('task', 'test', 'class-1', '3.png'),
    inside('careless', 'train', 'class-1', 'copied.png'),
  );
  await writeTinyImages(inside('broken'), { classes: 1, perClass: 2, seed: 'broken' });
  for (const file of ['0.png', '1.png']) writeFileSync(inside('broken', 'class-0', file), 'no picture');
  task = await readTask(
    { name: 'task', path: inside('task') },
    config([], 8),
    geometry,
    createRng(1),
    context,
  );
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

function pool(names: readonly string[], budget: number): Promise<PoolData> {
  return readPool(config(names, budget), geometry, [task], createRng(1), context);
}

test('evaluation images and copies are taken out of a pool, and counted', async () => {
  const { images, removed, repeated } = await pool(['leaking'], 20);
  const scored = new Set(task.score.images.hashes);
  expect(images.hashes.filter((hash) => scored.has(hash))).toEqual([]);
  expect(new Set(images.hashes).size).toBe(images.count);
  expect(removed).toBeGreaterThanOrEqual(10);
  expect(repeated).toBe(1);
});

test('a pool has twice the budget where it can, so that seeds send different images', async () => {
  expect((await pool(['pool'], 10)).images.count).toBe(20);
  expect((await pool(['pool'], 25)).images.count).toBeLessThanOrEqual(30);
});

test('several pools are mixed evenly, whatever was read first', async () => {
  const { images } = await pool(['pool', 'other'], 12);
  const first = new Set((await pool(['pool'], 15)).images.hashes);
  const share = images.hashes.filter((hash) => first.has(hash)).length / images.count;
  expect(share).toBeGreaterThan(0.25);
  expect(share).toBeLessThan(0.75);
});

test('a small pool of broken files does not stop an audit whose other pool is fine', async () => {
  const { images, corrupt } = await pool(['pool', 'broken'], 15);
  expect(images.count).toBeGreaterThanOrEqual(15);
  expect(corrupt.length).toBeLessThanOrEqual(2);
});

test('fewer images than the budget is refused with both numbers', async () => {
  await expect(pool(['pool'], 31)).rejects.toMatchObject({
    code: 'dataset-too-small',
    message: expect.stringMatching(/30 images.*31/) as string,
  });
});

test('an image on both sides of a task is named', async () => {
  const careless = await readTask(
    { name: 'careless', path: inside('careless') },
    config([], 8),
    geometry,
    createRng(1),
    context,
  );
  expect(careless.warnings.join(' ')).toMatch(/1 of the images to fit/);
});

test('the same seed reads the same images in the same order', async () => {
  expect((await pool(['pool', 'other'], 12)).images.hashes).toEqual(
    (await pool(['pool', 'other'], 12)).images.hashes,
  );
});
