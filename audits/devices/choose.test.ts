import { expect, test } from 'vitest';
import type { DeviceId, EngineId } from '../contract/engine.ts';
import type { EngineEntry, Missing } from '../tensor/engine-list.ts';
import { chooseDevice, requireDevice, type DeviceRequest } from './choose.ts';
import type { Candidate, Trial } from './try-device.ts';

const notInstalled: Missing = { reason: 'Its libraries are missing.', advice: 'Install them.' };

function engine(id: EngineId, devices: readonly DeviceId[], missing: readonly DeviceId[] = []): EngineEntry {
  return {
    id,
    devices,
    isForAudits: id !== 'reference',
    missing: (device) => Promise.resolve(missing.includes(device) ? notInstalled : undefined),
    open: () => Promise.reject(new Error('choosing opens nothing')),
  };
}

const fast = (stepsPerSecond: number | null): Trial => ({
  usable: true,
  parity: { loss: 0, update: 0 },
  stepsPerSecond,
});
const broken: Trial = { usable: false, reason: 'No adapter.', advice: 'Install a driver.' };

/** Answers from a table, and remembers who was tried. */
function trials(table: Readonly<Record<string, Trial>>) {
  const tried: string[] = [];
  const tryCandidate = (candidate: Candidate): Promise<Trial> => {
    tried.push(`${candidate.engine} ${candidate.device}`);
    const trial = table[`${candidate.engine} ${candidate.device}`];
    return trial === undefined ? Promise.reject(new Error('not in the table')) : Promise.resolve(trial);
  };
  return { tried, tryCandidate };
}

const auto: DeviceRequest = { engine: 'auto', device: 'auto', workers: 1 };
const onnx = engine('onnx', ['cpu', 'webgpu', 'cuda'], ['cuda']);
const reference = engine('reference', ['cpu']);

test('the faster one is taken, and the sentence has both numbers', async () => {
  const { tryCandidate } = trials({ 'onnx cpu': fast(41.4), 'onnx webgpu': fast(11.8) });
  expect(await chooseDevice(auto, tryCandidate, [onnx, reference])).toEqual({
    engine: 'onnx',
    device: 'cpu',
    reason: 'cpu: 41 steps/s against webgpu 12',
  });
  const other = trials({ 'onnx cpu': fast(41.4), 'onnx webgpu': fast(300) });
  expect(await chooseDevice(auto, other.tryCandidate, [onnx])).toMatchObject({ device: 'webgpu' });
});

test('a processor trains one cell per worker, a graphics device is shared by all', async () => {
  const { tryCandidate } = trials({ 'onnx cpu': fast(40), 'onnx webgpu': fast(100) });
  const choose = (workers: number) => chooseDevice({ ...auto, workers }, tryCandidate, [onnx]);
  expect((await choose(2)).device).toBe('webgpu');
  expect(await choose(4)).toMatchObject({
    device: 'cpu',
    reason: 'cpu: 160 steps/s with 4 workers against webgpu 100',
  });
});

test('where no graphics device works the processor is not timed', async () => {
  const { tried, tryCandidate } = trials({ 'onnx webgpu': broken });
  expect((await chooseDevice(auto, tryCandidate, [onnx])).reason).toBe(
    'cpu: webgpu cannot be used (No adapter)',
  );
  expect(tried).toEqual(['onnx webgpu']);
});

test('two engines for the processor are compared', async () => {
  const { tryCandidate } = trials({
    'onnx cpu': fast(20),
    'onnx webgpu': broken,
    'tensorflow cpu': fast(25),
  });
  const both = [onnx, engine('tensorflow', ['cpu']), reference];
  expect(await chooseDevice(auto, tryCandidate, both)).toEqual({
    engine: 'tensorflow',
    device: 'cpu',
    reason: 'tensorflow on cpu: 25 steps/s against cpu 20; webgpu cannot be used (No adapter)',
  });
});

test('a device too slow to be measured loses', async () => {
  const { tryCandidate } = trials({ 'onnx cpu': fast(3), 'onnx webgpu': fast(null) });
  expect((await chooseDevice(auto, tryCandidate, [onnx])).reason).toBe(
    'cpu: 3.0 steps/s against webgpu too slow to measure',
  );
});

test('what is named is tried and refused with its reason', async () => {
  const { tryCandidate } = trials({ 'onnx webgpu': broken });
  const choose = (device: string) =>
    chooseDevice({ engine: 'onnx', device, workers: 1 }, tryCandidate, [onnx]);
  await expect(choose('webgpu')).rejects.toMatchObject({
    code: 'device-unavailable',
    message: 'webgpu cannot be used: No adapter. Install a driver.',
  });
  await expect(choose('cuda')).rejects.toMatchObject({
    code: 'device-unavailable',
    message: 'cuda cannot be used: Its libraries are missing. Install them.',
  });
  await expect(choose('gpu')).rejects.toMatchObject({ code: 'configuration-invalid' });
  expect(await choose('cpu')).toEqual({ engine: 'onnx', device: 'cpu', reason: 'cpu, as asked for' });
});

test('the reference engine is never chosen by itself, and never on a graphics device', async () => {
  const { tryCandidate } = trials({});
  await expect(chooseDevice(auto, tryCandidate, [reference])).rejects.toMatchObject({
    code: 'configuration-invalid',
  });
  await expect(
    chooseDevice({ ...auto, engine: 'reference', device: 'webgpu' }, tryCandidate, [reference]),
  ).rejects.toMatchObject({ message: 'The engine reference cannot use the device webgpu.' });
});

test('a device that was there and is gone is refused', async () => {
  const { tryCandidate } = trials({ 'onnx webgpu': broken });
  await expect(
    requireDevice({ engine: 'onnx', device: 'webgpu' }, tryCandidate, [onnx]),
  ).rejects.toMatchObject({
    code: 'device-unavailable',
  });
  await expect(
    requireDevice({ engine: 'onnx', device: 'cpu' }, tryCandidate, [onnx]),
  ).resolves.toBeUndefined();
});
