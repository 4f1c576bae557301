import { describe, expect, test } from 'vitest';
import { profileStep } from './profile.ts';
import { summarizeProfile } from './profile-summary.ts';

const kernel = (ts: number, dur: number, operator: string, index: number) => ({
  cat: 'Node',
  name: `${operator}_${index}_kernel_time`,
  ts,
  dur,
  args: {
    op_name: operator,
    node_index: String(index),
    input_type_shape: [{ float: [2, 3] }, { int64: [1] }],
    output_type_shape: [{ float: [6] }],
  },
});
const run = (ts: number, dur: number) => ({ cat: 'Session', name: 'model_run', ts, dur });

/** A warm-up run and three that count, with one disturbed node in one of them. */
const profile = JSON.stringify([
  run(0, 90_000),
  kernel(10, 80_000, 'Conv', 0),
  ...[0, 1, 2].flatMap((step) => [
    run(100_000 + step * 10_000, 9000 + step),
    kernel(100_010 + step * 10_000, step === 2 ? 50_000 : 4000, 'Conv', 0),
    kernel(104_010 + step * 10_000, 1000, 'Conv', 1),
    kernel(105_010 + step * 10_000, 3000, 'Mul', 2),
  ]),
]);

describe('a profile summed up', () => {
  const summary = summarizeProfile(profile, 3);

  test('leaves the runs before out and does not follow a disturbed node', () => {
    expect(summary.operators).toEqual([
      { operator: 'Conv', milliseconds: 5, share: 5 / 8, nodes: 2 },
      { operator: 'Mul', milliseconds: 3, share: 3 / 8, nodes: 1 },
    ]);
    expect(summary.stepMilliseconds).toBeCloseTo(9.001);
    expect(summary.nodeMilliseconds).toBe(8);
  });

  test('names the dearest nodes first, with shapes', () => {
    expect(summary.nodes.map(({ name }) => name)).toEqual(['Conv_0', 'Mul_2', 'Conv_1']);
    expect(summary.nodes[0]?.shapes).toBe('float[2,3] int64[1] -> float[6]');
  });

  test('asks for as many runs as it should count', () => {
    expect(() => summarizeProfile(profile, 5)).toThrow('holds 4 runs');
  });
});

test('the runtime writes a profile of a real step', async () => {
  const summary = await profileStep({ network: 'small-cnn', batchSize: 2, threads: 1, steps: 2 });
  expect(summary.operators.map(({ operator }) => operator)).toContain('Conv');
  expect(summary.operators.reduce((sum, { share }) => sum + share, 0)).toBeCloseTo(1);
  expect(summary.nodeMilliseconds).toBeGreaterThan(0);
});
