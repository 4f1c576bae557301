import path from 'node:path';
import process from 'node:process';
import { describe, expect, test } from 'vitest';
import { trainingBenchmark, type Benchmark } from './benchmark.ts';
import { findNetwork } from './networks.ts';
import { figures } from './result.ts';
import { runBenchmark, type Contestant } from './run-benchmark.ts';
import { engineSide } from './side-process.ts';

const onnx: Contestant = {
  name: 'onnx cpu',
  isReference: false,
  command: engineSide,
  engine: 'onnx',
  device: 'cpu',
  threads: 1,
};
const reference: Contestant = { ...onnx, name: 'reference', isReference: true, engine: 'reference' };
const tiny: Benchmark = trainingBenchmark(findNetwork('small-cnn-16px'), 2);
const one = { rounds: 1, seconds: 0 };

describe('a benchmark', { timeout: 120_000 }, () => {
  test('proves that both sides train the same network: the losses of three steps agree', async () => {
    const stages: string[] = [];
    const result = await runBenchmark(tiny, [onnx, reference], one, (stage) => stages.push(stage));
    const [ours, theirs] = figures(result);
    expect(result.sides[0]?.check).toHaveLength(3);
    expect(new Set(result.sides[0]?.check).size).toBe(3);
    expect(ours?.difference).toBeLessThan(1e-4);
    expect(ours?.ratio?.median).toBeGreaterThan(0);
    expect(theirs?.ratio).toBeNull();
    expect(ours?.peakMemoryBytes).toBeGreaterThan(1e7);
    expect(stages).toEqual(['opening onnx cpu', 'opening reference', 'round 1 of 1']);
  });

  test('goes on with the others when a side cannot start, cannot open or dies', async () => {
    const missing = { ...onnx, name: 'missing', command: { command: path.join('no', 'such'), args: [] } };
    const unknown = { ...onnx, name: 'unknown', engine: 'quantum' };
    const dying = {
      ...onnx,
      name: 'dying',
      command: { command: process.execPath, args: ['-e', 'console.error("no licence"); process.exit(3)'] },
    };
    const result = await runBenchmark(tiny, [missing, unknown, dying, onnx], one, () => undefined);
    expect(result.sides.map(({ failure }) => failure)).toEqual([
      expect.stringContaining('ENOENT'),
      expect.stringContaining('quantum'),
      expect.stringContaining('no licence'),
      null,
    ]);
    expect(result.sides.map(({ blocks }) => blocks.length)).toEqual([0, 0, 0, 1]);
  });
});
