import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { findData, missingData } from './data-at-hand.ts';

const folder = mkdtempSync(path.join(os.tmpdir(), 'moat-data-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('data sets are found by the names they come with, and count only with their test part', () => {
  expect(findData(folder)).toEqual({});
  mkdirSync(path.join(folder, 'cifar-10-batches-bin'));
  writeFileSync(path.join(folder, 'cifar-10-batches-bin', 'test_batch.bin'), '');
  mkdirSync(path.join(folder, 'stl10_binary'));
  mkdirSync(path.join(folder, 'svhn'));
  writeFileSync(path.join(folder, 'svhn', 'train_32x32.mat'), '');
  expect(findData(folder)).toEqual({
    cifar10: {
      whole: path.join(folder, 'cifar-10-batches-bin'),
      test: path.join(folder, 'cifar-10-batches-bin', 'test_batch.bin'),
    },
  });
  writeFileSync(path.join(folder, 'svhn', 'test_32x32.mat'), '');
  expect(Object.keys(findData(folder))).toEqual(['cifar10', 'svhn']);
});

test('what is missing says what to fetch and from where', () => {
  for (const id of ['cifar10', 'svhn', 'stl10'] as const) expect(missingData(id)).toMatch(/https?:\/\/\S+/);
});
