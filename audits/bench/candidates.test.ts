import { describe, expect, test } from 'vitest';
import type { EngineEntry } from '../tensor/engine-list.ts';
import { candidates, openCandidate } from './candidates.ts';

const entry = (id: EngineEntry['id'], isForAudits: boolean): EngineEntry => ({
  id,
  devices: ['cpu', 'cuda'],
  isForAudits,
  missing: (device) => Promise.resolve({ reason: `No ${device} here.`, advice: 'Buy one.' }),
  open: () => Promise.reject(new Error('what is missing is not opened')),
});
const list = [entry('onnx', true), entry('reference', false)];

describe('who takes part', () => {
  test('every device of every engine for audits, with the reason where it is missing', async () => {
    const found = await candidates(3, [], list);
    expect(found.map(({ candidate }) => candidate)).toEqual([
      { engine: 'onnx', device: 'cpu', threads: 3 },
      { engine: 'onnx', device: 'cuda', threads: 3 },
    ]);
    expect(found[1]?.failure).toBe('No cuda here. Buy one.');
  });

  test('only the engines that were named, the reference too', async () => {
    const found = await candidates(1, ['reference'], list);
    expect(found.map(({ candidate }) => candidate.engine)).toEqual(['reference', 'reference']);
  });

  test('what is there is tried: a processor trains', { timeout: 180_000 }, async () => {
    const here = {
      ...entry('onnx', true),
      devices: ['cpu' as const],
      missing: () => Promise.resolve(undefined),
    };
    const found = await candidates(1, [], [here]);
    expect(found[0]?.failure).toBeNull();
  });

  test('an engine that there is not is refused', async () => {
    await expect(openCandidate({ engine: 'quantum', device: 'cpu', threads: 1 })).rejects.toThrow('quantum');
  });
});
