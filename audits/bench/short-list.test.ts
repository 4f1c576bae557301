import { expect, test } from 'vitest';
import { plainPaint } from '../cli/render/view.ts';
import { renderBench } from '../cli/render/bench.ts';
import { trainingBenchmark } from './benchmark.ts';
import { findNetwork } from './networks.ts';
import type { BenchmarkResult, BenchReport } from './result.ts';
import { quickCellTime, shortList } from './short-list.ts';

const { id, title, unit, workload } = trainingBenchmark(findNetwork('small-cnn-16px'), 32);
const side = (name: string, stepsPerSecond: number) => ({
  name,
  device: 'cpu',
  isReference: false,
  threads: 1,
  versions: {},
  check: [],
  failure: null,
  blocks: [
    {
      runs: stepsPerSecond,
      units: stepsPerSecond,
      seconds: 1,
      processorSeconds: 1,
      othersSeconds: 1.5,
      peakMemoryBytes: 3e8,
    },
  ],
});
const result: BenchmarkResult = { id, title, unit, workload, sides: [side('slow', 10), side('fast', 31)] };

test('a cell of the quick preset is as many steps as its surrogate trains, on the fastest engine', () => {
  // 2 000 queries make 62 whole batches of 32; 12 epochs of them at 31 a second.
  expect(quickCellTime([result])).toEqual({ seconds: 24, engine: 'fast', queries: 2000, epochs: 12 });
  expect(quickCellTime([])).toBeNull();
});

test('the short list is shorter when quick, and takes a given encoder', () => {
  const { benchmarks, rounds } = shortList(undefined, false);
  const quick = shortList('encoder.onnx', true);
  expect(quick.benchmarks.length).toBeLessThan(benchmarks.length);
  expect(quick.rounds).toBeLessThan(rounds);
  expect(quick.benchmarks.map((benchmark) => benchmark.workload)).toContainEqual(
    expect.objectContaining({ kind: 'inference', file: 'encoder.onnx' }),
  );
});

test('the table ends with what the speeds mean and with what else used the machine', () => {
  const report: BenchReport = {
    schemaVersion: 1,
    startedAt: '2026-11-24T10:00:00.000Z',
    machine: {},
    settings: { threads: 1, rounds: 1, seconds: 1 },
    notes: [],
    results: [result],
  };
  const view = { columns: 200, paint: plainPaint };
  const lines = renderBench(report, quickCellTime([result]), view);
  expect(lines.find((line) => line.includes('fast'))).toMatch(/31\.0 steps\/s +300 MB/);
  expect(lines.slice(-2)).toEqual([
    expect.stringMatching(
      /^One trained cell .* \(2 000 queries, 12 epochs\) takes about 24 s on one core \(fast\)/,
    ),
    expect.stringContaining('Something else was using the processor'),
  ]);
});
