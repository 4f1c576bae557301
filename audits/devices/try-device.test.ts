import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { tryDevice } from './try-device.ts';

/** Stands for the trial's process: what drivers are known to do to one. */
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'moat-try-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function entry(name: string, source: string): string {
  const file = path.join(folder, `${name}.mjs`);
  writeFileSync(file, source);
  return file;
}

const webgpu = { engine: 'onnx', device: 'webgpu' } as const;
const parity = `process.send({ type: 'parity', parity: { loss: 0, update: 1e-6 }, agrees: true });`;

test('a driver that kills the process is named with its last words', async () => {
  const crash = entry(
    'crash',
    `process.stderr.write('Segmentation fault in libvulkan\\n', () => process.abort());`,
  );
  const trial = await tryDevice(webgpu, { entry: crash });
  expect(trial).toMatchObject({ usable: false });
  expect(trial.usable ? '' : trial.reason).toMatch(/^Its driver ended the process \(SIG\w+\)/);
});

test('a driver that hangs is given up, and one that hangs after its first step is known to be slow', async () => {
  const hang = entry('hang', 'setInterval(() => undefined, 1000);');
  expect(await tryDevice(webgpu, { entry: hang, timeoutMs: 300 })).toMatchObject({
    usable: false,
    reason: 'It made no training step within 0.3 s.',
  });
  const slow = entry('slow', `${parity} setInterval(() => undefined, 1000);`);
  expect(await tryDevice(webgpu, { entry: slow, timeoutMs: 2000 })).toMatchObject({
    usable: true,
    stepsPerSecond: null,
  });
});

test('wrong numbers make a device unusable', async () => {
  const wrong = entry(
    'wrong',
    `process.send({ type: 'parity', parity: { loss: 0.2, update: 0.3 }, agrees: false }); setInterval(() => undefined, 1000);`,
  );
  expect(await tryDevice(webgpu, { entry: wrong })).toMatchObject({
    usable: false,
    reason: 'A training step differs from the reference engine by 3.0e-1.',
  });
});

test('an engine’s own refusal comes back with its advice', async () => {
  const trial = await tryDevice({ engine: 'onnx', device: 'coreml' }, { timeoutMs: 50_000 });
  // On a Mac it may work.
  if (process.platform === 'darwin') return;
  expect(trial).toEqual({
    usable: false,
    reason: `onnxruntime has no coreml provider for ${process.platform}-${process.arch}.`,
    advice: 'Use another device.',
  });
});

test('the processor is usable and has a speed', async () => {
  const trial = await tryDevice({ engine: 'onnx', device: 'cpu' }, { timeoutMs: 110_000 });
  expect(trial.usable && trial.stepsPerSecond !== null && trial.stepsPerSecond > 0).toBe(true);
}, 120_000);
