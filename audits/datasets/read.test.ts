import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp, { type Sharp } from 'sharp';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { imageBytes, type Images } from '../contract/data.ts';
import type { ImageGeometry } from '../contract/encoder.ts';
import { openDataset } from './dataset.ts';
import { hashImage } from './image-hash.ts';
import { digestImages, readImages } from './read.ts';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'moat-read-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

const geometry = (height: number, width = height, change: Partial<ImageGeometry> = {}): ImageGeometry => ({
  height,
  width,
  resize: 'stretch',
  resizeTo: height,
  interpolation: 'bilinear',
  ...change,
});
/** A picture of one color. */
const plain = (width: number, height: number, background: string, channels: 3 | 4 = 3): Sharp =>
  sharp({ create: { width, height, channels, background } });

function place(name: string): string {
  const path = join(folder, name);
  mkdirSync(join(path, '..'), { recursive: true });
  return path;
}
const pixel = (images: Images, image: number, y: number, x: number): number[] => {
  const at = image * imageBytes(images) + (y * images.width + x) * 3;
  return Array.from(images.data.subarray(at, at + 3));
};
async function readOne(name: string, shape: ImageGeometry): Promise<Images> {
  const dataset = await openDataset(join(folder, name));
  return (await readImages(dataset, 'all', [0], shape)).images;
}

describe('every kind of picture becomes RGB', () => {
  test('grey is repeated', async () => {
    await plain(4, 4, '#808080').toColourspace('b-w').png().toFile(place('grey/a.png'));
    expect(pixel(await readOne('grey', geometry(4)), 0, 1, 1)).toEqual([128, 128, 128]);
  });

  test('transparency lies on black', async () => {
    await plain(4, 4, 'rgba(200, 100, 50, 0.5)', 4).png().toFile(place('alpha/a.png'));
    const [red = 0, green = 0, blue = 0] = pixel(await readOne('alpha', geometry(4)), 0, 0, 0);
    expect(Math.abs(red - 100)).toBeLessThanOrEqual(1);
    expect(Math.abs(green - 50)).toBeLessThanOrEqual(1);
    expect(Math.abs(blue - 25)).toBeLessThanOrEqual(1);
  });

  test('16 bits become 8, in color and in grey', async () => {
    const color = Uint16Array.from({ length: 4 * 4 * 3 }, (_, i) => [65535, 32896, 0][i % 3] ?? 0);
    await sharp(color, { raw: { width: 4, height: 4, channels: 3 } })
      .toColourspace('rgb16')
      .png()
      .toFile(place('deep/a.png'));
    const grey = Uint16Array.from({ length: 16 }, () => 32896);
    await sharp(grey, { raw: { width: 4, height: 4, channels: 1 } })
      .toColourspace('grey16')
      .png()
      .toFile(place('deep-grey/a.png'));
    expect((await sharp(join(folder, 'deep/a.png')).metadata()).depth).toBe('ushort');
    expect((await sharp(join(folder, 'deep-grey/a.png')).metadata()).depth).toBe('ushort');
    expect(pixel(await readOne('deep', geometry(4)), 0, 2, 2)).toEqual([255, 128, 0]);
    expect(pixel(await readOne('deep-grey', geometry(4)), 0, 2, 2)).toEqual([128, 128, 128]);
  });

  test('EXIF rotation is applied before the resize', async () => {
    const halves = new Uint8Array(8 * 8 * 3);
    for (let y = 0; y < 8; y++) for (let x = 0; x < 4; x++) halves[(y * 8 + x) * 3] = 255;
    await sharp(halves, { raw: { width: 8, height: 8, channels: 3 } })
      .withMetadata({ orientation: 6 })
      .png()
      .toFile(place('turned/a.png'));
    const images = await readOne('turned', geometry(8));
    // Orientation 6: the stored left edge is the top.
    expect(pixel(images, 0, 1, 6)).toEqual([255, 0, 0]);
    expect(pixel(images, 0, 6, 1)).toEqual([0, 0, 0]);
  });

  test('CMYK is converted', async () => {
    await plain(8, 8, '#ff0000').toColourspace('cmyk').jpeg({ quality: 100 }).toFile(place('print/a.jpg'));
    expect((await sharp(join(folder, 'print/a.jpg')).metadata()).space).toBe('cmyk');
    const [red = 0, green = 0, blue = 0] = pixel(await readOne('print', geometry(8)), 0, 4, 4);
    expect(red).toBeGreaterThan(180);
    expect(Math.max(green, blue)).toBeLessThan(90);
  });
});

describe('geometry', () => {
  const ramp = (width: number, height: number): Sharp =>
    sharp(
      Uint8Array.from({ length: width * height * 3 }, (_, i) => Math.floor(i / 3) % width),
      { raw: { width, height, channels: 3 } },
    );

  test('a picture of the right size keeps its very pixels', async () => {
    await ramp(32, 32).png().toFile(place('same/a.png'));
    const images = await readOne('same', geometry(32));
    expect(Array.from({ length: 32 }, (_, x) => pixel(images, 0, 3, x)[0])).toEqual(
      Array.from({ length: 32 }, (_, x) => x),
    );
  });

  test('stretch keeps the edges, crop keeps the middle', async () => {
    await ramp(200, 100).png().toFile(place('wide/a.png'));
    const stretched = await readOne('wide', geometry(50));
    expect(pixel(stretched, 0, 25, 0)[0]).toBeLessThan(5);
    expect(pixel(stretched, 0, 25, 49)[0]).toBeGreaterThan(194);
    const cropped = await readOne('wide', geometry(80, 80, { resize: 'crop', resizeTo: 100 }));
    // The middle 80 of 200 columns: 60 ... 139.
    expect(pixel(cropped, 0, 40, 0)).toEqual([60, 60, 60]);
    expect(pixel(cropped, 0, 40, 79)).toEqual([139, 139, 139]);
  });

  test('a crop larger than the picture is padded with black', async () => {
    await plain(20, 20, '#ffffff').png().toFile(place('small/a.png'));
    const images = await readOne('small', geometry(24, 24, { resize: 'crop', resizeTo: 20 }));
    expect([pixel(images, 0, 0, 0), pixel(images, 0, 2, 2), pixel(images, 0, 22, 22)]).toEqual([
      [0, 0, 0],
      [255, 255, 255],
      [0, 0, 0],
    ]);
  });

  test('nearest doubles pixels, bilinear mixes them', async () => {
    const two = Uint8Array.of(0, 0, 0, 255, 255, 255);
    await sharp(two, { raw: { width: 2, height: 1, channels: 3 } })
      .png()
      .toFile(place('two/a.png'));
    const row = async (interpolation: ImageGeometry['interpolation']): Promise<number[]> => {
      const images = await readOne('two', geometry(1, 4, { interpolation }));
      return [0, 1, 2, 3].map((x) => pixel(images, 0, 0, x)[0] ?? 0);
    };
    expect(await row('nearest')).toEqual([0, 0, 255, 255]);
    expect(await row('bilinear')).toEqual([0, 64, 191, 255]);
  });
});

describe('broken pictures', () => {
  test('are counted and named while the others are read, in the order asked for', async () => {
    for (const [i, color] of ['#000000', '#404040', '#808080'].entries())
      await plain(8, 8, color)
        .png()
        .toFile(place(`mixed/${i}.png`));
    const noise = Uint8Array.from({ length: 64 * 64 * 3 }, (_, i) => (i * 7919) % 251);
    const jpeg = await sharp(noise, { raw: { width: 64, height: 64, channels: 3 } })
      .jpeg()
      .toBuffer();
    writeFileSync(place('mixed/3 cut.jpg'), jpeg.subarray(0, jpeg.length / 2));
    writeFileSync(place('mixed/4 text.jpg'), 'this is no picture');
    writeFileSync(place('mixed/5 empty.jpg'), '');
    symlinkSync(join(folder, 'nowhere.png'), place('mixed/6 link.png'));
    const dataset = await openDataset(join(folder, 'mixed'));
    const calls: number[] = [];
    const result = await readImages(dataset, 'all', [2, 4, 6, 0, 3, 5, 1], geometry(8), {
      progress: (done) => calls.push(done),
    });
    expect(result.kept).toEqual([2, 0, 1]);
    expect([0, 1, 2].map((i) => pixel(result.images, i, 0, 0)[0])).toEqual([128, 0, 64]);
    expect(result.images).toMatchObject({ count: 3, height: 8, width: 8 });
    expect(result.images.hashes).toHaveLength(3);
    expect(result.images.data).toHaveLength(3 * 8 * 8 * 3);
    expect(result.corrupt).toEqual([
      { id: '4 text.jpg', reason: 'is no picture in a format Moat reads' },
      { id: '6 link.png', reason: 'cannot be opened (ENOENT)' },
      { id: '3 cut.jpg', reason: 'is damaged or cut short' },
      { id: '5 empty.jpg', reason: 'is empty' },
    ]);
    expect(calls.at(-1)).toBe(7);
  });

  test('end the reading only when there is nothing else', async () => {
    writeFileSync(place('bad/a.jpg'), 'no');
    writeFileSync(place('bad/b.png'), 'no');
    const dataset = await openDataset(join(folder, 'bad'));
    await expect(readImages(dataset, 'all', [0, 1], geometry(8))).rejects.toMatchObject({
      code: 'dataset-unreadable',
      message: expect.stringContaining('None of the 2 images of bad'),
    });
  });

  test('a declared size beyond any photograph is refused before it is unpacked', async () => {
    const bytes = await plain(1, 1, '#fff').png().toBuffer();
    bytes.writeUInt32BE(60_000, 16);
    bytes.writeUInt32BE(60_000, 20);
    writeFileSync(place('bomb/a.png'), bytes);
    await expect(readOne('bomb', geometry(8))).rejects.toMatchObject({
      code: 'dataset-unreadable',
      message: expect.stringContaining('a.png has more than 100 million pixels'),
    });
  });
});

test('the signal stops the reading', async () => {
  const dataset = await openDataset('builtin:demo');
  const controller = new AbortController();
  const reading = readImages(
    dataset,
    'train',
    Array.from({ length: 500 }, (_, i) => i),
    geometry(16),
    {
      signal: controller.signal,
      progress: () => controller.abort(),
    },
  );
  await expect(reading).rejects.toMatchObject({ code: 'cancelled' });
});

test('an identity depends on pixels and on shape, a set on order and labels', () => {
  const pixels = new Uint8Array(24);
  expect(hashImage(pixels, 2, 4)).not.toBe(hashImage(pixels, 4, 2));
  expect(hashImage(pixels, 2, 4)).not.toBe(hashImage(pixels.with(0, 1), 2, 4));
  expect(digestImages({ hashes: ['a', 'b'] })).not.toBe(digestImages({ hashes: ['b', 'a'] }));
  expect(digestImages({ hashes: ['a', 'b'] }, [0, 1])).not.toBe(digestImages({ hashes: ['a', 'b'] }, [1, 0]));
});

const CIFAR = '../shared/data/cifar10-jpeg';
const MNIST = '../shared/data/mnist';
for (const needed of [CIFAR, MNIST]) if (!existsSync(needed)) console.warn(`skipped: there is no ${needed}`);

test.skipIf(!existsSync(CIFAR))('CIFAR-10 as JPEG: 50 000 and 10 000 images in ten classes', async () => {
  const dataset = await openDataset(CIFAR);
  expect(dataset).toMatchObject({ name: 'cifar10-jpeg', format: 'image-folder', notes: [] });
  expect(dataset.classes).toHaveLength(10);
  expect([dataset.splits.train?.items.length, dataset.splits.test?.items.length]).toEqual([50_000, 10_000]);
  const { images, corrupt } = await readImages(dataset, 'test', [0, 9_999], geometry(32));
  expect(corrupt).toEqual([]);
  const first = await sharp(readFileSync(join(CIFAR, dataset.splits.test?.items[0]?.id ?? '')))
    .raw()
    .toBuffer();
  expect(Buffer.from(images.data.subarray(0, 3072)).equals(first)).toBe(true);
});

test.skipIf(!existsSync(MNIST))('MNIST as gzipped IDX: 60 000 and 10 000 digits', async () => {
  const dataset = await openDataset(MNIST);
  expect(dataset.classes).toEqual(['0', '1', '2', '3', '4', '5', '6', '7', '8', '9']);
  expect([dataset.splits.train?.items.length, dataset.splits.test?.items.length]).toEqual([60_000, 10_000]);
  const { images } = await readImages(dataset, 'test', [0, 1], geometry(28));
  // Digits are light strokes on black: grey, dark at the corner, bright somewhere.
  expect(pixel(images, 0, 0, 0)).toEqual([0, 0, 0]);
  expect(Math.max(...images.data)).toBeGreaterThan(200);
  const mean = images.data.reduce((sum, value) => sum + value, 0) / images.data.length;
  expect(mean).toBeGreaterThan(10);
  expect(mean).toBeLessThan(80);
});
