import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openDataset } from './dataset.ts';

/**
 * Written by SciPy 1.17.1: `savemat(file, {'X': X, 'y': y}, do_compression=...)` with `X` uint8 `[2, 3, 3, 2]`,
 * `X[row, column, channel, image] = 100 image + 10 (3 row + column) + channel`, and `y = [[1], [10]]`.
 */
const files = {
  packed:
    'TUFUTEFCIDUuMCBNQVQtZmlsZSBQbGF0Zm9ybTogcG9zaXgsIENyZWF0ZWQgb246IFR1ZSBOb3YgMjQgMjA6NDQ6MTggMjAyNgAA' +
    'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAABSU0PAAAAUAAAAHic42NgYEgAYjYg5gBi' +
    'TgYIYAViASBmAmJmKAaxGYEwAspWASmU49IQMWKU59YUNWZS4NESM0lpyuupmJbanN9bOT2tpaCvagZIGQADUwvVDwAAACkAAAB4' +
    'nONjYGAwAGI2IOYAYk4GCGCF8pmAmBGMGRkqwXwmBkYuBgYAGLwA8A==',
  plain:
    'TUFUTEFCIDUuMCBNQVQtZmlsZSBQbGF0Zm9ybTogcG9zaXgsIENyZWF0ZWQgb246IFR1ZSBOb3YgMjQgMjA6NDQ6MTggMjAyNgAA' +
    'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAABSU0OAAAAYAAAAAYAAAAIAAAACQAAAAAA' +
    'AAAFAAAAEAAAAAIAAAADAAAAAwAAAAIAAAABAAEAWAAAAAIAAAAkAAAAAB4KKBQyAR8LKRUzAiAMKhY0ZIJujHiWZYNvjXmXZoRw' +
    'jnqYAAAAAA4AAAAwAAAABgAAAAgAAAAJAAAAAAAAAAUAAAAIAAAAAgAAAAEAAAABAAEAeQAAAAIAAgABCgAA',
  doubles:
    'TUFUTEFCIDUuMCBNQVQtZmlsZSBQbGF0Zm9ybTogcG9zaXgsIENyZWF0ZWQgb246IFR1ZSBOb3YgMjQgMjA6NDQ6MTggMjAyNgAA' +
    'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAABSU0PAAAAUAAAAHic42NgYEgAYjYg5gBi' +
    'TgYIYAViASBmAmJmKAaxGYEwAspWASmU49IQMWKU59YUNWZS4NESM0lpyuupmJbanN9bOT2tpaCvagZIGQADUwvVDwAAAC0AAAB4' +
    'nONjYGBwAGI2IOaA0iDACuUzATEjGDMyVAJpTiAWYICBD/YQWsUBADhdApo=',
};

let root = '';
beforeAll(() => (root = mkdtempSync(join(tmpdir(), 'moat-svhn-'))));
afterAll(() => rmSync(root, { recursive: true }));

function written(name: string, base64: string, bytes = Infinity): string {
  const path = join(root, name);
  writeFileSync(path, Buffer.from(base64, 'base64').subarray(0, bytes));
  return path;
}

test.each(Object.entries(files))(
  'SVHN, %s: rows and columns in their places, ten is zero',
  async (name, base64) => {
    const dataset = await openDataset(written(`${name}.mat`, base64));
    expect(dataset).toMatchObject({
      format: 'svhn',
      classes: ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9'],
    });
    expect(dataset.splits.all?.items.map(({ label }) => label)).toEqual([1, 0]);
    const reader = await dataset.splits.all?.open();
    const second = reader?.load(1);
    expect(second).toMatchObject({ kind: 'pixels', height: 2, width: 3 });
    const expected = Array.from({ length: 18 }, (_, i) => 100 + 10 * Math.floor(i / 3) + (i % 3));
    expect(second?.kind === 'pixels' ? Array.from(second.pixels) : []).toEqual(expected);
  },
);

test('a folder: parts by their names, extra left aside with a note', async () => {
  written('train_32x32.mat', files.packed);
  written('test_32x32.mat', files.plain);
  written('extra_32x32.mat', files.plain);
  const dataset = await openDataset(root);
  expect(Object.keys(dataset.splits).sort()).toEqual(['test', 'train']);
  expect(dataset.notes.join(' ')).toContain('extra_32x32.mat');
});

test.each([
  ['cut header', files.packed, 100],
  ['cut element', files.packed, 200],
  ['cut plain element', files.plain, 280],
])('%s: refused with a sentence', async (name, base64, bytes) => {
  await expect(openDataset(written(`${name}.mat`, base64, bytes))).rejects.toThrow(/no readable MATLAB file/);
});

test('a later MATLAB file is refused by name of the versions that can be read', async () => {
  const path = join(root, 'v73.mat');
  writeFileSync(path, Buffer.concat([Buffer.alloc(124), Buffer.from([0, 2]), Buffer.alloc(100)]));
  await expect(openDataset(path)).rejects.toThrow(/-v6 or -v7/);
});
