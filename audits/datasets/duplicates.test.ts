import { existsSync } from 'node:fs';
import sharp from 'sharp';
import { describe, expect, test } from 'vitest';
import { imageBytes, selectImages, sliceImages, type Images } from '../contract/data.ts';
import { createRng } from '../rng.ts';
import { openDataset } from './dataset.ts';
import { drawDemoImages } from './demo-images.ts';
import { duplicatesWithin, EvaluationImages, type DuplicateReport } from './duplicates.ts';
import { hashedImages } from './image-hash.ts';
import { readItems } from './read.ts';
import { poolOrder } from './split.ts';

type Change = (pixels: Uint8Array, side: number) => Uint8Array | Promise<Uint8Array>;

async function changed(images: Images, change: Change): Promise<Images> {
  const size = imageBytes(images);
  const data = new Uint8Array(images.data.length);
  for (let i = 0; i < images.count; i++)
    data.set(await change(images.data.slice(i * size, (i + 1) * size), images.width), i * size);
  return hashedImages(data, images.count, images.height, images.width);
}

const reencode: Change = async (pixels, side) => {
  const jpeg = await sharp(pixels, { raw: { width: side, height: side, channels: 3 } })
    .jpeg({ quality: 70 })
    .toBuffer();
  return sharp(jpeg).raw().toBuffer();
};
const brighten: Change = (pixels) => pixels.map((value) => Math.min(255, value * 1.05 + 5));
/** One pixel right and down, edges repeated. */
const shift: Change = (pixels, side) =>
  pixels.map((_, at) => {
    const [y, x] = [Math.floor(at / 3 / side), Math.floor(at / 3) % side];
    return pixels[(Math.max(0, y - 1) * side + Math.max(0, x - 1)) * 3 + (at % 3)] ?? 0;
  });

function findDuplicates(pool: Images, evaluation: readonly Images[]): DuplicateReport {
  const known = new EvaluationImages();
  for (const images of evaluation) known.add(images);
  return known.duplicatesIn(pool);
}

describe('drawn images', () => {
  const { images } = drawDemoImages({ count: 120, seed: 'duplicates' });
  const pool = sliceImages(images, 0, 60);

  test('equal pixels are exact, others are not taken for copies', () => {
    const evaluation = [sliceImages(images, 60, 120), selectImages(images, [5, 59])];
    expect(findDuplicates(pool, evaluation)).toEqual({ exact: [5, 59], near: [] });
    expect(findDuplicates(pool, [])).toEqual({ exact: [], near: [] });
  });

  test('brightened and shifted copies are near', async () => {
    for (const change of [brighten, shift]) {
      const copies = await changed(sliceImages(pool, 10, 13), change);
      expect(findDuplicates(pool, [copies])).toEqual({ exact: [], near: [10, 11, 12] });
    }
  });

  test('repeats within a pool are counted from the second on', async () => {
    const copies = await changed(sliceImages(pool, 0, 2), brighten);
    const data = new Uint8Array([...pool.data, ...copies.data, ...sliceImages(pool, 7, 8).data]);
    expect(duplicatesWithin(hashedImages(data, 63, 32, 32))).toEqual({ exact: [62], near: [60, 61] });
  });

  test('large images and tiny ones are compared as well', async () => {
    for (const size of [5, 28, 96]) {
      const drawn = drawDemoImages({ count: 20, seed: 'sizes', size }).images;
      const copies = await changed(sliceImages(drawn, 3, 4), brighten);
      expect(findDuplicates(drawn, [copies]).near).toContain(3);
      if (size > 5) expect(findDuplicates(drawn, [copies]).near).toEqual([3]);
    }
  });
});

test('flat images are compared by color', () => {
  const flat = (...levels: number[]): Images =>
    hashedImages(
      Uint8Array.from(levels.flatMap((level) => Array.from({ length: 192 }, () => level))),
      levels.length,
      8,
      8,
    );
  expect(findDuplicates(flat(10, 60, 200), [flat(62, 200)])).toEqual({ exact: [2], near: [1] });
});

const CIFAR = '../shared/data/cifar10-jpeg';
if (!existsSync(CIFAR)) console.warn(`skipped: there is no ${CIFAR}`);

test.skipIf(!existsSync(CIFAR))(
  'photographs: copies are found, other photographs are not copies',
  async () => {
    const dataset = await openDataset(CIFAR);
    const geometry = {
      height: 32,
      width: 32,
      resize: 'stretch',
      resizeTo: 32,
      interpolation: 'bilinear',
    } as const;
    const order = poolOrder(dataset, createRng(5));
    const { images } = await readItems(dataset, order.slice(0, 800), geometry);
    const [pool, others] = [sliceImages(images, 0, 400), sliceImages(images, 400, 800)];
    expect(findDuplicates(pool, [others])).toEqual({ exact: [], near: [] });
    for (const [change, least] of [
      [reencode, 100],
      [brighten, 99],
      [shift, 98],
    ] as const) {
      const copies = await changed(sliceImages(pool, 0, 100), change);
      const { exact, near } = findDuplicates(pool, [copies]);
      expect(exact.length + near.length).toBeGreaterThanOrEqual(least);
      expect(Math.max(...near)).toBeLessThan(100);
    }
  },
);
