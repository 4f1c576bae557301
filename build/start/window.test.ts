import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, test } from 'vitest';
import { fetchedProgram, whyNoWindow } from './window.ts';

test('on Linux a window needs a screen and a user who is not root; elsewhere there is always one', () => {
  const linux = { platform: 'linux', userId: 1000 } as const;
  expect(whyNoWindow({ ...linux, environment: {} })).toMatch(/no screen/);
  expect(whyNoWindow({ ...linux, environment: { DISPLAY: '' } })).toMatch(/no screen/);
  expect(whyNoWindow({ ...linux, environment: { DISPLAY: ':0' } })).toBeUndefined();
  expect(whyNoWindow({ ...linux, environment: { WAYLAND_DISPLAY: 'wayland-0' } })).toBeUndefined();
  expect(whyNoWindow({ ...linux, environment: { DISPLAY: ':0' }, userId: 0 })).toMatch(/root/);
  expect(whyNoWindow({ platform: 'darwin', environment: {}, userId: 501 })).toBeUndefined();
  expect(whyNoWindow({ platform: 'win32', environment: {}, userId: undefined })).toBeUndefined();
});

test('Electron’s program counts as fetched when its file is there, not when it is only named', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'moat-electron-'));
  try {
    expect(fetchedProgram(folder)).toBeUndefined();
    writeFileSync(path.join(folder, 'path.txt'), 'electron');
    expect(fetchedProgram(folder)).toBeUndefined();
    mkdirSync(path.join(folder, 'dist'));
    writeFileSync(path.join(folder, 'dist', 'electron'), '');
    expect(fetchedProgram(folder)).toBe(path.join(folder, 'dist', 'electron'));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
