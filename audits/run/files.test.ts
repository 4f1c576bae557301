import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { matrix, type Images } from '../contract/data.ts';
import { cachedByContent } from './content-cache.ts';
import { writeFileAtomic } from './files.ts';
import { fileCheckpointSlot } from './tensor-file.ts';

let folder: string;
beforeAll(() => (folder = mkdtempSync(path.join(tmpdir(), 'moat-files-'))));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const images = (hashes: readonly string[]): Images => ({
  data: Uint8Array.from({ length: hashes.length * 12 }, (_, i) => i % 251),
  count: hashes.length,
  height: 2,
  width: 2,
  hashes,
});

test('a file is written whole, with its digest, and leaves nothing else behind', () => {
  const file = path.join(folder, 'deep', 'a.txt');
  const { sha256, sizeBytes } = writeFileAtomic(file, ['one ', 'two']);
  expect(readFileSync(file, 'utf8')).toBe('one two');
  expect(sizeBytes).toBe(7);
  expect(sha256).toBe(createHash('sha256').update('one two').digest('hex'));
  expect(readdirSync(path.dirname(file))).toEqual(['a.txt']);
});

test('a place that cannot hold files is named as such', () => {
  writeFileAtomic(path.join(folder, 'occupied'), ['a file, not a folder']);
  const file = path.join(folder, 'occupied', 'x');
  expect(() => writeFileAtomic(file, ['y'])).toThrow(`${file} could not be written`);
});

test('a checkpoint comes back bit for bit and can be cleared', async () => {
  const slot = fileCheckpointSlot(path.join(folder, 'checkpoint.bin'));
  expect(await slot.load()).toBeUndefined();
  const checkpoint = {
    progress: { epoch: 3, losses: [0.1, 0.2] },
    tensors: {
      weight: { shape: [2, 2], data: Float32Array.of(1, -0, 1e-40, Number.MAX_VALUE) },
      empty: { shape: [0], data: new Float32Array() },
    },
  };
  await slot.save(checkpoint);
  expect(await slot.load()).toEqual(checkpoint);
  slot.clear();
  expect(await slot.load()).toBeUndefined();
});

test('the victim is asked only for images it has not answered yet, and order is kept', async () => {
  const asked: string[][] = [];
  const embed = cachedByContent(
    [{ hashes: ['a', 'b'], embeddings: matrix(Float32Array.of(1, 2), 2, 1) }],
    (unknown) => {
      asked.push([...unknown.hashes]);
      return Promise.resolve(
        matrix(
          Float32Array.from(unknown.hashes, (hash) => hash.charCodeAt(0)),
          unknown.count,
          1,
        ),
      );
    },
  );
  expect([...(await embed(images(['c', 'a', 'd', 'b']))).data]).toEqual([99, 1, 100, 2]);
  expect([...(await embed(images(['d', 'c']))).data]).toEqual([100, 99]);
  expect(asked).toEqual([['c', 'd']]);
});
