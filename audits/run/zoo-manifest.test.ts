import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeEach, expect, test } from 'vitest';
import { readZoo, recordedImages, recordImages } from './zoo-manifest.ts';

const root = mkdtempSync(path.join(os.tmpdir(), 'moat-zoo-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));
let folder = '';
beforeEach(() => (folder = mkdtempSync(path.join(root, 'zoo-'))));

test('a folder of encoders without a manifest is a zoo of which nothing is known', () => {
  expect(readZoo(folder)).toEqual([]);
});

test('a manifest of another program is refused, with what is wrong in it', () => {
  writeFileSync(path.join(folder, 'zoo.json'), '{"schemaVersion": 1, "encoders": [{"file": 3}]}');
  expect(() => readZoo(folder)).toThrow(/zoo\.json is no list of encoders: encoders\.0\.file/);
  writeFileSync(path.join(folder, 'zoo.json'), 'lions');
  expect(() => readZoo(folder)).toThrow(/zoo\.json is no list of encoders/);
});

test('a list of images counts as long as it is what was written', () => {
  const set = recordImages(folder, 'photos', ['b1', 'a2', 'c3']);
  expect(set).toMatchObject({ name: 'photos', count: 3 });
  expect(recordedImages(folder, set)).toEqual(new Set(['b1', 'a2', 'c3']));
  expect(recordImages(folder, 'the same elsewhere', ['b1', 'a2', 'c3']).file).toBe(set.file);
  appendFileSync(path.join(folder, set.file), 'd4\n');
  expect(recordedImages(folder, set)).toBeUndefined();
  rmSync(path.join(folder, set.file));
  expect(recordedImages(folder, set)).toBeUndefined();
});
