import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { imageBytes, sliceImages, type Images, type Matrix } from '../contract/data.ts';
import type { FeatureEncoder } from '../contract/method.ts';
import { drawDemoImages } from '../datasets/demo-images.ts';
import { ahead } from '../datasets/ahead.ts';
import { readPreparedSet } from './prepared.ts';
import { prepareSet, type SetOptions, type SetSummary } from './prepare-set.ts';
import type { LabelledBlock } from './read-data.ts';

/** 600 images are two whole chunks of 256 and one of 88. */
const { images, labels } = drawDemoImages({ count: 600, seed: 'prepare set', size: 8 });
const asked: number[] = [];
/** Two numbers that depend on an image's own pixels alone. */
const victim: FeatureEncoder = {
  dimension: 2,
  embed: (some) => {
    asked.push(some.count);
    return Promise.resolve(features(some));
  },
};

function features(some: Images): Matrix {
  const size = imageBytes(some);
  const data = Float32Array.from({ length: some.count * 2 }, (_, i) =>
    some.data
      .subarray(Math.floor(i / 2) * size, (Math.floor(i / 2) + 1) * size)
      .reduce((sum, value, at) => sum + (at % 2 === i % 2 ? value : 0), 0),
  );
  return { data, rows: some.count, columns: 2 };
}

// oxlint-disable-next-line typescript/require-await -- a source that is asynchronous in the product
async function* blocksOf(
  set: Images,
  classes: Int32Array,
  size: number,
  stopAt = Infinity,
): AsyncGenerator<LabelledBlock> {
  for (let at = 0; at < set.count; at += size) {
    if (at >= stopAt) throw new Error('killed');
    const end = Math.min(set.count, at + size);
    yield { images: sliceImages(set, at, end), labels: classes.subarray(at, end) };
  }
}

let root: string;
beforeAll(() => (root = mkdtempSync(path.join(tmpdir(), 'moat-prepare-'))));
afterAll(() => rmSync(root, { recursive: true, force: true }));
beforeEach(() => (asked.length = 0));
let folders = 0;
const newFolder = (): string => path.join(root, String((folders += 1)));
const prepare = (
  folder: string,
  blocks: AsyncIterable<LabelledBlock>,
  change: Partial<SetOptions> = {},
): Promise<SetSummary> =>
  prepareSet(blocks, {
    folder,
    name: 'pool',
    victim,
    backbone: undefined,
    largestSide: undefined,
    earlier: undefined,
    signal: new AbortController().signal,
    progress: () => undefined,
    ...change,
  });
const contents = (folder: string): Record<string, string> =>
  Object.fromEntries(
    readdirSync(path.join(folder, 'pool')).map((file) => [
      file,
      readFileSync(path.join(folder, 'pool', file)).toString('base64'),
    ]),
  );

test('a set comes back as it was decoded and embedded, and pixels are read where they are wanted', async () => {
  const folder = newFolder();
  const done: number[] = [];
  const summary = await prepare(folder, blocksOf(images, labels, 100), {
    progress: (count) => done.push(count),
  });
  expect(summary.hashes).toEqual(images.hashes);
  expect(summary.labels).toEqual(labels);
  expect(asked).toEqual([256, 256, 88]);
  expect(done).toEqual([256, 512, 600]);
  const set = readPreparedSet(folder, 'pool');
  expect(set).toMatchObject({ height: 8, width: 8, hashes: images.hashes, backbone: undefined });
  expect(set.labels).toEqual(labels);
  expect(set.embeddings).toEqual(features(images));
  expect(set.images().data).toEqual(images.data);
  const some = set.images([599, 0, 300]);
  expect(some.hashes).toEqual([599, 0, 300].map((at) => images.hashes[at]));
  expect(some.data).toEqual(
    Uint8Array.from([599, 0, 300].flatMap((at) => [...sliceImages(images, at, at + 1).data])),
  );
});

test('the files do not depend on how decoding was cut into blocks', async () => {
  const [a, b] = [newFolder(), newFolder()];
  await prepare(a, blocksOf(images, labels, 600));
  await prepare(b, blocksOf(images, labels, 37));
  expect(contents(a)).toEqual(contents(b));
});

test('a preparation that was stopped embeds only what is left, and ends in the same files', async () => {
  const whole = newFolder();
  await prepare(whole, blocksOf(images, labels, 100));
  const folder = newFolder();
  await expect(prepare(folder, blocksOf(images, labels, 100, 400))).rejects.toThrow('killed');
  expect(() => readPreparedSet(folder, 'pool')).toThrow(/never finished/);
  asked.length = 0;
  await prepare(folder, blocksOf(images, labels, 100));
  expect(asked).toEqual([256, 88]);
  expect(contents(folder)).toEqual(contents(whole));
});

test('images or labels that have changed since are embedded anew', async () => {
  const changed: Images = { ...images, data: images.data.slice(), hashes: [...images.hashes] };
  changed.data[300 * imageBytes(images)] = 255 - (changed.data[300 * imageBytes(images)] ?? 0);
  (changed.hashes as string[])[300] = '0'.repeat(64);
  const whole = newFolder();
  await prepare(whole, blocksOf(changed, labels, 100));
  const folder = newFolder();
  await prepare(folder, blocksOf(images, labels, 100));
  asked.length = 0;
  await prepare(folder, blocksOf(changed, labels, 100));
  expect(asked).toEqual([256, 88]);
  expect(contents(folder)).toEqual(contents(whole));
});

test('an earlier whole preparation answers for the same images in the same place', async () => {
  const earlier = newFolder();
  await prepare(earlier, blocksOf(images, labels, 100));
  asked.length = 0;
  const folder = newFolder();
  await prepare(folder, blocksOf(images, labels, 100), { earlier });
  expect(asked).toEqual([]);
  expect(contents(folder)).toEqual(contents(earlier));
  await prepare(newFolder(), blocksOf(sliceImages(images, 0, 512 + 40), labels.subarray(0, 552), 100), {
    earlier,
  });
  // The last, shorter batch is not the one of before.
  expect(asked).toEqual([40]);
});

test('task images are kept small, whatever the victim saw', async () => {
  const folder = newFolder();
  await prepare(folder, blocksOf(images, labels, 600), { largestSide: 4 });
  const set = readPreparedSet(folder, 'pool');
  expect(set).toMatchObject({ height: 4, width: 4, hashes: images.hashes });
  expect(set.embeddings).toEqual(features(images));
  expect(set.images([1]).data).toHaveLength(4 * 4 * 3);
});

test('while the victim embeds one block, the next are being decoded, and decoding keeps no more than its limit', async () => {
  const diary: string[] = [];
  const decode = (block: number) => async (): Promise<LabelledBlock> => {
    diary.push(`decode ${block}`);
    await Promise.resolve();
    return {
      images: sliceImages(images, 0, 256),
      labels: labels.subarray(0, 256),
    };
  };
  const watched: FeatureEncoder = {
    dimension: 2,
    embed: (some) => {
      diary.push('embed begins');
      const result = features(some);
      diary.push('embed ends');
      return Promise.resolve(result);
    },
  };
  await prepare(newFolder(), ahead([0, 1, 2, 3, 4].map(decode), 2), { victim: watched });
  const at = (entry: string, nth: number): number =>
    diary.flatMap((each, i) => (each === entry ? [i] : []))[nth] ?? -1;
  for (const block of [0, 1, 2, 3]) {
    // Asked for before the block ahead of it is embedded ...
    expect(at(`decode ${block + 1}`, 0)).toBeLessThan(at('embed begins', block));
    // ... but the one after the limit not before that.
    if (block + 3 < 5) expect(at(`decode ${block + 3}`, 0)).toBeGreaterThan(at('embed ends', block));
  }
});

test('a vector that is no number stops it and names the image', async () => {
  const poisoned: FeatureEncoder = {
    dimension: 2,
    embed: (some) => {
      const result = features(some);
      if (asked.push(some.count) === 2) result.data[7] = Number.NaN;
      return Promise.resolve(result);
    },
  };
  await expect(
    prepare(newFolder(), blocksOf(images, labels, 100), { victim: poisoned }),
  ).rejects.toMatchObject({
    code: 'encoder-not-finite',
    message: expect.stringContaining('image 260') as string,
  });
});

test('a cancel is heard between chunks, and what is written stays', async () => {
  const controller = new AbortController();
  const folder = newFolder();
  const stopped = prepare(folder, blocksOf(images, labels, 100), {
    signal: controller.signal,
    progress: () => controller.abort(),
  });
  await expect(stopped).rejects.toMatchObject({ code: 'cancelled' });
  asked.length = 0;
  await prepare(folder, blocksOf(images, labels, 100));
  expect(asked).toEqual([256, 88]);
});
