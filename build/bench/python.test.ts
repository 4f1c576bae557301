import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { findPython } from './python.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'moat-python-'));
  // No environment made earlier, and none named.
  vi.stubEnv('XDG_CACHE_HOME', folder);
  vi.stubEnv('MOAT_BENCH_PYTHON', undefined);
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true, force: true });
});

test('a machine without Python is told what it misses and what to do', () => {
  const { python, notes } = findPython(undefined);
  expect(python).toBeNull();
  expect(notes.join()).toMatch(/nothing is compared with PyTorch.*--python PATH.*--install-python/);
});

test('a Python that does not start is named', () => {
  const { python, notes } = findPython(path.join(folder, 'python'));
  expect(python).toBeNull();
  expect(notes.join()).toContain(path.join(folder, 'python'));
});

test('what is named but is no Python is not taken for one', () => {
  vi.stubEnv('MOAT_BENCH_PYTHON', process.execPath);
  expect(findPython(undefined).python).toBeNull();
});
