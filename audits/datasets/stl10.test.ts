import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openDataset } from './dataset.ts';

const SIDE = 96;
const BYTES = 3 * SIDE * SIDE;

/** Images whose value is a function of channel, column and row, in the order of the file. */
function images(count: number): Uint8Array {
  return Uint8Array.from({ length: count * BYTES }, (_, i) => {
    const at = i % BYTES;
    const [channel, x, y] = [Math.floor(at / SIDE ** 2), Math.floor(at / SIDE) % SIDE, at % SIDE];
    return (Math.floor(i / BYTES) + 7 * channel + 3 * x + y) % 256;
  });
}

let root = '';
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'moat-stl10-'));
  writeFileSync(join(root, 'train_X.bin'), images(2));
  writeFileSync(join(root, 'train_y.bin'), Uint8Array.of(1, 10));
  writeFileSync(join(root, 'test_X.bin'), images(1));
  writeFileSync(join(root, 'test_y.bin'), Uint8Array.of(3));
  writeFileSync(join(root, 'unlabeled_X.bin'), images(1));
  writeFileSync(
    join(root, 'class_names.txt'),
    'airplane\nbird\ncar\ncat\ndeer\ndog\nhorse\nmonkey\nship\ntruck\n',
  );
});
afterAll(() => rmSync(root, { recursive: true }));

test('STL-10: parts, names and labels from 1; columns become rows', async () => {
  const dataset = await openDataset(root);
  expect(dataset).toMatchObject({ format: 'stl10' });
  expect(dataset.classes).toHaveLength(10);
  expect(dataset.classes[9]).toBe('truck');
  expect(dataset.splits.train?.items.map(({ label }) => label)).toEqual([0, 9]);
  expect(dataset.splits.test?.items.map(({ label }) => label)).toEqual([2]);
  expect(dataset.notes.join(' ')).toContain('unlabeled_X.bin');
  const reader = await dataset.splits.train?.open();
  const image = reader?.load(1);
  const [x, y, channel] = [5, 40, 2];
  expect(image?.kind === 'pixels' ? image.pixels[(y * SIDE + x) * 3 + channel] : undefined).toBe(
    (1 + 7 * channel + 3 * x + y) % 256,
  );
  reader?.close();
});

test('the unlabeled images are a pool of their own when their file is named', async () => {
  const dataset = await openDataset(join(root, 'unlabeled_X.bin'));
  expect(dataset.splits.all?.items).toEqual([{ id: 'unlabeled_X.bin#0', label: null }]);
});

test('a file that is cut short, and labels that do not fit, are refused', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'moat-stl10-bad-'));
  writeFileSync(join(folder, 'train_X.bin'), images(1).subarray(0, 100));
  await expect(openDataset(folder)).rejects.toThrow(/no multiple of 27648/);
  writeFileSync(join(folder, 'train_X.bin'), images(1));
  writeFileSync(join(folder, 'train_y.bin'), Uint8Array.of(0));
  await expect(openDataset(folder)).rejects.toThrow(/label 0/);
  writeFileSync(join(folder, 'train_y.bin'), Uint8Array.of(1, 2));
  await expect(openDataset(folder)).rejects.toThrow(/1 images but 2 labels/);
  rmSync(folder, { recursive: true });
});
