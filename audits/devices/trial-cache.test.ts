import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { dataFolder } from '../data-folder.ts';
import { cachedTrials, machineFingerprint } from './trial-cache.ts';
import type { Candidate, Trial } from './try-device.ts';

const folders: string[] = [];
function newFolder(): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'moat-trials-'));
  folders.push(folder);
  return folder;
}
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

const webgpu: Candidate = { engine: 'onnx', device: 'webgpu' };
const cpu: Candidate = { engine: 'onnx', device: 'cpu' };

/** Counts trials; each is faster than the one before. */
function counting(result?: Trial) {
  let count = 0;
  const tryCandidate = (): Promise<Trial> => {
    count++;
    return Promise.resolve(
      result ?? { usable: true, parity: { loss: 0, update: 1e-6 }, stepsPerSecond: count },
    );
  };
  return { count: () => count, tryCandidate };
}

test('a trial is made once, also by the next process', async () => {
  const folder = newFolder();
  const { count, tryCandidate } = counting();
  const first = await cachedTrials({ folder, tryCandidate })(webgpu);
  expect(await cachedTrials({ folder, tryCandidate })(webgpu)).toEqual(first);
  expect(count()).toBe(1);
  await cachedTrials({ folder, tryCandidate })(cpu);
  expect(count()).toBe(2);
});

test('another runtime or driver makes it anew, and so does a refresh, which replaces what is kept', async () => {
  const folder = newFolder();
  const { count, tryCandidate } = counting();
  await cachedTrials({ folder, tryCandidate, fingerprint: 'before' })(webgpu);
  await cachedTrials({ folder, tryCandidate, fingerprint: 'after' })(webgpu);
  expect(count()).toBe(2);
  await cachedTrials({ folder, tryCandidate, fingerprint: 'after', refresh: true })(webgpu);
  expect(await cachedTrials({ folder, tryCandidate, fingerprint: 'after' })(webgpu)).toMatchObject({
    stepsPerSecond: 3,
  });
});

test('a broken device is remembered; what failed for want of time is tried again', async () => {
  const countOf = async (trial: Trial): Promise<number> => {
    const folder = newFolder();
    const { count, tryCandidate } = counting(trial);
    for (let i = 0; i < 2; i++) await cachedTrials({ folder, tryCandidate })(webgpu);
    return count();
  };
  const failed = { usable: false, reason: 'No adapter.', advice: '' } as const;
  expect(await countOf(failed)).toBe(1);
  expect(await countOf({ ...failed, timedOut: true })).toBe(2);
  expect(await countOf({ usable: true, parity: { loss: 0, update: 0 }, stepsPerSecond: null })).toBe(2);
});

test('a damaged file and a folder that cannot be written to cost a trial, nothing else', async () => {
  const folder = newFolder();
  writeFileSync(path.join(folder, 'devices.json'), '{"fingerprint":');
  const { tryCandidate } = counting();
  expect(await cachedTrials({ folder, tryCandidate })(webgpu)).toMatchObject({ usable: true });
  const file = path.join(folder, 'devices.json', 'not-a-folder');
  expect(await cachedTrials({ folder: file, tryCandidate })(webgpu)).toMatchObject({ usable: true });
});

test('a variable that hides or shows a device makes another fingerprint', () => {
  expect(machineFingerprint({ CUDA_VISIBLE_DEVICES: '1' })).not.toBe(machineFingerprint({}));
  expect(machineFingerprint({ UNRELATED: '1' })).toBe(machineFingerprint({}));
});

test.each([
  ['linux', {}, '/home/a/.local/share/moat'],
  ['linux', { XDG_DATA_HOME: '/data' }, '/data/moat'],
  ['linux', { XDG_DATA_HOME: 'relative' }, '/home/a/.local/share/moat'],
  ['darwin', {}, '/home/a/Library/Application Support/moat'],
  ['linux', { MOAT_DATA: '/elsewhere' }, '/elsewhere'],
] as const)('%s with %j keeps data in %s', (platform, environment, expected) => {
  expect(dataFolder({ platform, environment, home: '/home/a' })).toBe(expected);
});
