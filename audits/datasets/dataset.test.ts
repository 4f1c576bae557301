import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openDataset } from './dataset.ts';
import { naturalOrder } from './natural-order.ts';
import { encodeNpy } from './npy-encode.ts';
import { writeNpz } from './npz.ts';
import { readImages } from './read.ts';

let root = '';
let png = Buffer.alloc(0);
beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'moat-datasets-'));
  png = await sharp({ create: { width: 4, height: 4, channels: 3, background: '#336699' } })
    .png()
    .toBuffer();
});
afterAll(() => rmSync(root, { recursive: true }));

/** Writes files below a new folder and returns its path. */
function folder(
  name: string,
  files: Readonly<Record<string, Uint8Array | string>> | readonly string[],
): string {
  const path = join(root, name);
  mkdirSync(path);
  const entries = Array.isArray(files)
    ? files.map((file: string) => [file, png] as const)
    : Object.entries(files);
  for (const [file, bytes] of entries) {
    mkdirSync(join(path, file, '..'), { recursive: true });
    writeFileSync(join(path, file), bytes);
  }
  return path;
}
const ids = (items: readonly { id: string }[] | undefined): string[] => (items ?? []).map((item) => item.id);
const labels = (items: readonly { label: number | null }[] | undefined) =>
  (items ?? []).map((item) => item.label);
const native = (height: number, width: number) =>
  ({ height, width, resize: 'stretch', resizeTo: height, interpolation: 'bilinear' }) as const;

test('names are ordered as people count, in any locale', () => {
  expect(naturalOrder(['b10', 'b9', 'B1', 'b009', 'ä', 'a', 'b9x'])).toEqual([
    'B1',
    'a',
    'b009',
    'b9',
    'b9x',
    'b10',
    'ä',
  ]);
});

describe('image folders', () => {
  test('train and test parts share their classes; what else lies there is mentioned', async () => {
    const path = folder('parts', [
      'train/cat/2.png',
      'train/cat/10.png',
      'train/dog/deep/er/1.JPG',
      'test/dog/1.webp',
      'test/eel/1.png',
      'extra/1.png',
    ]);
    const dataset = await openDataset(path, 'pets');
    expect(dataset).toMatchObject({
      name: 'pets',
      path,
      format: 'image-folder',
      classes: ['cat', 'dog', 'eel'],
    });
    expect(dataset.notes).toEqual(['extra is not used: train and test are.']);
    expect(dataset.splits.train?.items).toEqual([
      { id: 'train/cat/2.png', label: 0 },
      { id: 'train/cat/10.png', label: 0 },
      { id: 'train/dog/deep/er/1.JPG', label: 1 },
    ]);
    expect(labels(dataset.splits.test?.items)).toEqual([1, 2]);
  });

  test.each(['val', 'valid', 'Validation'])('%s is a test part where there is no other', async (name) => {
    const dataset = await openDataset(folder(`with-${name}`, ['train/a/1.png', `${name}/a/2.png`]));
    expect(ids(dataset.splits.test?.items)).toEqual([`${name}/a/2.png`]);
  });

  test('a flat folder is unlabelled; hidden files and other types are skipped', async () => {
    const dataset = await openDataset(
      folder('flat', ['b.png', 'a.gif', '.hidden.png', '.git/x.png', '__MACOSX/a.png', 'notes.txt']),
    );
    expect(dataset.classes).toEqual([]);
    expect(dataset.splits.all?.items).toEqual([
      { id: 'a.gif', label: null },
      { id: 'b.png', label: null },
    ]);
  });

  test('loose images beside class folders are left out and mentioned', async () => {
    const dataset = await openDataset(folder('loose', ['a/1.png', 'b/1.png', 'stray.png']));
    expect(ids(dataset.splits.all?.items)).toEqual(['a/1.png', 'b/1.png']);
    expect(dataset.notes).toEqual(['1 image lies beside the class folders and is not used (stray.png).']);
  });

  test('a link to a parent folder ends', async () => {
    const path = folder('loop', ['a/1.png', 'b/1.png']);
    symlinkSync(path, join(path, 'a', 'again'));
    symlinkSync('.', join(path, 'c'));
    const dataset = await openDataset(path);
    expect(ids(dataset.splits.all?.items)).toEqual(['a/1.png', 'b/1.png']);
  });

  test('names in any script are listed and read', async () => {
    const path = folder('наборы 数据 🐟', ['köttur/ä ö.png', '🐶/写真 1.png']);
    const dataset = await openDataset(path);
    expect(dataset.classes).toEqual(['köttur', '🐶']);
    expect(await readImages(dataset, 'all', [0, 1], native(4, 4))).toMatchObject({
      kept: [0, 1],
      corrupt: [],
    });
  });

  test('no images, only foreign ones, no path, an empty file: one sentence each', async () => {
    await expect(openDataset(folder('none', { 'a.txt': 'x' }))).rejects.toMatchObject({
      code: 'dataset-empty',
      message: `There are no images in ${join(root, 'none')}.`,
    });
    await expect(openDataset(folder('foreign', ['a.bmp', 'b.bmp', 'c.heic']))).rejects.toMatchObject({
      code: 'dataset-empty',
      message: expect.stringContaining('only 2 .bmp, 1 .heic'),
    });
    await expect(openDataset(join(root, 'absent'))).rejects.toMatchObject({ code: 'path-missing' });
    const files = folder('files', { 'empty.npz': '', 'photo.jpg': png });
    await expect(openDataset(join(files, 'empty.npz'))).rejects.toMatchObject({ code: 'dataset-empty' });
    await expect(openDataset(join(files, 'photo.jpg'))).rejects.toMatchObject({ code: 'dataset-format' });
  });
});

describe('CIFAR batches', () => {
  /** One record: label bytes, then a red, a green and a blue plane of one value each. */
  const record = (label: readonly number[], color: readonly [number, number, number]): Buffer =>
    Buffer.concat([Buffer.from(label), ...color.map((value) => Buffer.alloc(1024, value))]);

  test('CIFAR-10: parts by name, classes from the file beside, planes become pixels', async () => {
    const names = Array.from({ length: 10 }, (_, i) => `class ${i}`);
    const path = folder('cifar10', {
      'data_batch_10.bin': record([3], [1, 2, 3]),
      'data_batch_2.bin': Buffer.concat([record([9], [4, 5, 6]), record([0], [7, 8, 9])]),
      'test_batch.bin': record([1], [10, 20, 30]),
      'batches.meta.txt': `${names.join('\n')}\n\n`,
    });
    const dataset = await openDataset(path);
    expect(dataset).toMatchObject({ format: 'cifar', classes: names });
    expect(dataset.splits.train?.items).toEqual([
      { id: 'data_batch_2.bin#0', label: 9 },
      { id: 'data_batch_2.bin#1', label: 0 },
      { id: 'data_batch_10.bin#0', label: 3 },
    ]);
    const { images } = await readImages(dataset, 'train', [2, 0], native(32, 32));
    expect(Array.from(images.data.subarray(0, 6))).toEqual([1, 2, 3, 1, 2, 3]);
    expect(Array.from(images.data.subarray(3072, 3075))).toEqual([4, 5, 6]);
  });

  test('CIFAR-100 uses the fine label; a single batch is one part', async () => {
    const path = folder('cifar100', {
      'train.bin': record([5, 42], [1, 2, 3]),
      'test.bin': record([5, 99], [1, 2, 3]),
    });
    const dataset = await openDataset(path);
    expect(dataset.classes).toHaveLength(100);
    expect([labels(dataset.splits.train?.items), labels(dataset.splits.test?.items)]).toEqual([[42], [99]]);
    const single = await openDataset(join(path, 'test.bin'));
    expect(labels(single.splits.all?.items)).toEqual([99]);
  });

  test.each([
    [
      'a truncated batch',
      { 'data_batch_1.bin': record([1], [0, 0, 0]).subarray(0, 3000) },
      /no multiple of 3073/,
    ],
    ['an impossible label', { 'data_batch_1.bin': record([10], [0, 0, 0]) }, /label 10/],
    ['the pickle version', { data_batch_1: 'x', test_batch: 'x' }, /never loads/],
  ])('%s is refused', async (name, files, sentence) => {
    const opening = openDataset(folder(name, files));
    await expect(opening).rejects.toThrow(sentence);
    await expect(opening).rejects.toMatchObject({ code: 'dataset-format' });
  });
});

describe('IDX', () => {
  const idx = (
    axes: readonly number[],
    values: readonly number[],
    magic = [0, 0, 8, axes.length],
  ): Buffer => {
    const header = Buffer.alloc(4 + 4 * axes.length);
    header.set(magic);
    axes.forEach((side, i) => header.writeUInt32BE(side, 4 + 4 * i));
    return Buffer.concat([header, Buffer.from(values)]);
  };
  const two = idx([2, 1, 3], [1, 2, 3, 4, 5, 6]);

  test('the official names, gzipped and plain; labels that start at 1 leave no empty class', async () => {
    const dataset = await openDataset(
      folder('idx', {
        'train-images-idx3-ubyte.gz': gzipSync(two),
        'train-labels-idx1-ubyte.gz': gzipSync(idx([2], [2, 1])),
        't10k-images.idx3-ubyte': idx([1, 1, 3], [7, 8, 9]),
        't10k-labels.idx1-ubyte': idx([1], [10]),
      }),
    );
    expect(dataset).toMatchObject({ format: 'idx', classes: ['1', '2', '10'] });
    expect([labels(dataset.splits.train?.items), labels(dataset.splits.test?.items)]).toEqual([[1, 0], [2]]);
    const { images } = await readImages(dataset, 'train', [1], native(1, 3));
    expect(Array.from(images.data)).toEqual([4, 4, 4, 5, 5, 5, 6, 6, 6]);
  });

  test('a lone images file is unlabelled, by whatever name', async () => {
    const path = folder('lone', { 'digits.idx': two, 'photos-images-idx3-ubyte': two });
    for (const file of ['digits.idx', 'photos-images-idx3-ubyte']) {
      const dataset = await openDataset(join(path, file));
      expect(dataset.classes).toEqual([]);
      expect(labels(dataset.splits.all?.items)).toEqual([null, null]);
    }
  });

  test.each([
    [
      'a wrong magic number',
      { 'train-images-idx3-ubyte': idx([2, 1, 3], [1, 2], [0, 0, 13, 3]) },
      /magic number is 00000d03/,
    ],
    ['missing bytes', { 'train-images-idx3-ubyte': two.subarray(0, 20) }, /cut short/],
    ['a header alone', { 'train-images-idx3-ubyte': two.subarray(0, 6) }, /cut short/],
    [
      'a count beyond the file',
      { 'train-images-idx3-ubyte': idx([2 ** 32 - 1, 2 ** 32 - 1, 3], []) },
      /cut short/,
    ],
    [
      'labels of another count',
      { 'train-images-idx3-ubyte': two, 'train-labels-idx1-ubyte': idx([3], [0, 1, 2]) },
      /2 images but 3 labels/,
    ],
  ])('%s is refused', async (name, files, sentence) => {
    const opening = openDataset(folder(`idx ${name}`, files));
    await expect(opening).rejects.toThrow(sentence);
    await expect(opening).rejects.toMatchObject({ code: 'dataset-format' });
  });

  test('a gzip file that ends too early is named when it is read', async () => {
    const noise = Array.from({ length: 3_000 }, (_, i) => (i * i * 31) % 251);
    const whole = gzipSync(idx([1000, 1, 3], noise));
    const dataset = await openDataset(
      folder('cut gzip', { 'train-images-idx3-ubyte.gz': whole.subarray(0, whole.length - 20) }),
    );
    await expect(readImages(dataset, 'train', [0], native(1, 3))).rejects.toMatchObject({
      code: 'dataset-format',
      message: expect.stringContaining('not a whole gzip file'),
    });
  });
});

describe('.npz', () => {
  const bytes = (count: number): Uint8Array => Uint8Array.from({ length: count }, (_, i) => i);

  test.each([
    ['grey', [2, 2, 2], [4, 4, 4, 5, 5, 5]],
    ['grey with an axis', [2, 2, 2, 1], [4, 4, 4, 5, 5, 5]],
    ['channels last', [2, 2, 1, 3], [6, 7, 8, 9, 10, 11]],
    ['channels first', [2, 3, 2, 2], [12, 16, 20, 13, 17, 21]],
  ])('%s', async (name, shape, expected) => {
    const path = join(root, `${name}.npz`);
    const size = shape.reduce((product, side) => product * side, 1);
    await writeNpz(path, { X: { shape, data: bytes(size) }, y: { shape: [2], data: Int32Array.of(7, 3) } });
    const dataset = await openDataset(path);
    expect(dataset).toMatchObject({ format: 'npz', classes: ['3', '7'] });
    expect(labels(dataset.splits.all?.items)).toEqual([1, 0]);
    const [height, width] = name === 'channels first' ? [2, 2] : [shape[1] ?? 0, shape[2] ?? 0];
    const { images } = await readImages(dataset, 'all', [1], native(height, width));
    expect(Array.from(images.data.subarray(0, 6))).toEqual(expected);
  });

  test('train and test parts; labels as text', async () => {
    const path = join(root, 'text.npz');
    await writeNpz(path, {
      x_train: { shape: [2, 1, 1], data: bytes(2) },
      y_train: { shape: [2, 1], data: ['newt', 'ant'] },
      x_test: { shape: [1, 1, 1], data: bytes(1) },
      y_test: { shape: [1, 1], data: ['newt'] },
    });
    const dataset = await openDataset(path);
    expect(dataset.classes).toEqual(['ant', 'newt']);
    expect([labels(dataset.splits.train?.items), labels(dataset.splits.test?.items)]).toEqual([[1, 0], [1]]);
  });

  test.each([
    ['float images', { x: { shape: [1, 2, 2], data: new Float32Array(4) } }, /must be uint8/],
    ['vectors', { x: { shape: [2, 4], data: bytes(8) } }, /\[2, 4\], which is no batch/],
    ['other names', { embeddings: { shape: [4], data: bytes(4) } }, /it has embeddings/],
    [
      'too few labels',
      { x: { shape: [2, 1, 1], data: bytes(2) }, y: { shape: [1], data: Int32Array.of(1) } },
      /1 labels/,
    ],
    [
      'soft labels',
      { x: { shape: [1, 1, 1], data: bytes(1) }, y: { shape: [1], data: Float32Array.of(0.5) } },
      /no list of labels/,
    ],
  ])('%s are refused', async (name, arrays, sentence) => {
    const path = join(root, `refused ${name}.npz`);
    await writeNpz(path, arrays);
    await expect(openDataset(path)).rejects.toThrow(sentence);
    await expect(openDataset(path)).rejects.toMatchObject({ code: 'dataset-format' });
  });

  test('a pickle inside is never loaded', async () => {
    const { zipSync } = await import('fflate');
    const plain = Buffer.from(encodeNpy({ shape: [1], data: Uint8Array.of(1) }));
    plain.write("'|O' ", plain.indexOf("'|u1'"), 'latin1');
    const path = join(root, 'pickle.npz');
    writeFileSync(path, zipSync({ 'x.npy': new Uint8Array(plain) }));
    await expect(openDataset(path)).rejects.toThrow(/pickle/);
  });
});
