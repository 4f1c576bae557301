import { expect, test } from 'vitest';
import { deviceIds } from '../contract/engine.ts';
import { tryDevice } from '../devices/try-device.ts';
import { engineList } from '../tensor/engine-list.ts';
import { checkEngines, judgeTrial } from './check-engines.ts';

const parity = { loss: 1e-7, update: 2.1e-6 };

test('every engine is listed with every device it knows, and the processor trains as the reference engine does', async () => {
  const checks = await checkEngines((candidate) =>
    tryDevice(candidate, { timeoutMs: 50_000, withSpeed: false }),
  );
  expect(checks).toHaveLength(engineList.reduce((sum, { devices }) => sum + devices.length, 0));
  for (const device of deviceIds) expect(checks.map(({ id }) => id)).toContain(`onnx on ${device}`);
  const processor = checks.find(({ id }) => id === 'onnx on cpu');
  expect(processor?.status).toBe('ok');
  expect(processor?.sentence).toMatch(/^A training step agrees with the reference engine within \d\.\de-\d;/);
  for (const { status, advice } of checks) expect(advice === null).toBe(status === 'ok');
});

test('a graphics device that is not there is no problem, a processor that fails is one', () => {
  const failed = { usable: false, reason: 'No adapter.', advice: 'Install a driver.' } as const;
  expect(judgeTrial('onnx', 'webgpu', failed)).toMatchObject({ status: 'absent', sentence: 'No adapter.' });
  expect(judgeTrial('onnx', 'cpu', failed).status).toBe('problem');
  // A busy machine is no broken one.
  expect(judgeTrial('onnx', 'cpu', { ...failed, timedOut: true }).status).toBe('warning');
});

test('a device with wrong numbers is a warning', () => {
  const reason = 'A training step differs from the reference engine by 3.0e-1.';
  expect(judgeTrial('onnx', 'webgpu', { usable: false, reason, advice: '' }).status).toBe('warning');
});

test('speed is part of the sentence, also when there was no time for it', () => {
  expect(judgeTrial('onnx', 'webgpu', { usable: true, parity, stepsPerSecond: 41.37 }).sentence).toBe(
    'A training step agrees with the reference engine within 2.1e-6; 41 steps a second of a small network.',
  );
  expect(judgeTrial('onnx', 'webgpu', { usable: true, parity, stepsPerSecond: null }).sentence).toContain(
    'too slow to measure',
  );
});
