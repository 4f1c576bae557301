import { expect, test } from 'vitest';
import type { CellKey, Measurement } from '../contract/cell.ts';
import type { QueryCurve } from '../contract/result.ts';
import type { CellRow } from '../store/types.ts';
import { binomialBounds } from './binomial.ts';
import { evaluateDetectors } from './detectors.ts';
import { gatherEvidence } from './evidence.ts';
import { registeredFacts } from './method-facts.ts';
import { gainAt } from './query-points.ts';
import { sampleEstimate, sampleResult } from '../report/result.sample.ts';

const items = (metric: string, values: readonly number[]): Measurement => ({
  metric,
  task: null,
  value: values.reduce((sum, value) => sum + value, 0) / values.length,
  unit: 'fraction',
  n: values.length,
  items: Float32Array.from(values),
});

const fill = (count: number, value: number): readonly number[] => Array.from({ length: count }, () => value);

/** One seed: `alarms` of 10 thieves raise it, none of 20 honest accounts does. */
function seedOf(alarms: number, falsePositives: readonly number[]): readonly Measurement[] {
  const thieves = fill(10, 0).map((_, i) => (i < alarms ? 1 : 0));
  return [
    items('detection-score:broad', fill(20, 0.1)),
    items('alarm-rate:broad', fill(20, 0)),
    items('detection-score:two-view', thieves),
    items('alarm-rate:two-view', thieves),
    items('detection-auc:two-view', fill(10, 1)),
    { metric: 'queries-until-alarm:two-view', task: null, value: 100 + alarms, unit: 'count', n: alarms },
    items('near-duplicate-fpr', falsePositives),
    items('near-duplicate-fnr', fill(falsePositives.length, 0.5)),
  ];
}

function withoutAlarm(found: readonly Measurement[]): readonly Measurement[] {
  return found.filter(({ metric }) => !metric.startsWith('queries-until-alarm'));
}

function evaluate(seeds: readonly (readonly Measurement[])[], curves: readonly QueryCurve[] = []) {
  const { config, encoder, preflight, data } = sampleResult();
  const cells = seeds.map((_, seed): CellRow => ({
    key: `cell ${seed}` as CellKey,
    work: {
      kind: 'detection',
      defense: [{ id: 'near-duplicate-guard', config: {}, version: 1 }],
      seed,
      streams: 2,
    },
    attackLabel: null,
    defenseLabel: 'near-duplicate-guard',
    estimatedMs: 1,
    state: 'done',
    startedAt: null,
    finishedAt: null,
    elapsedMs: 1,
    attempts: 1,
    diagnostics: {},
    ledger: [],
    artifacts: [],
    error: null,
    reason: null,
  }));
  const measurements = new Map(seeds.map((found, seed) => [`cell ${seed}` as CellKey, found]));
  const preparation = {
    inputs: {
      encoder: encoder.digest,
      output: 'embedding',
      pooling: 'none',
      preprocessing: encoder.preprocessing,
      backbone: null,
      pool: data.pool,
      tasks: data.tasks,
      evaluation: config.evaluation,
      numericsClass: 'test',
    },
    encoder,
    preflight,
    pool: data.pool,
    tasks: [],
    flags: [],
    folder: 'prepared',
  };
  return evaluateDetectors(
    gatherEvidence({ config, cells, measurements, preparation }, registeredFacts),
    curves,
  );
}

test('shares over seeds, with the bounds of one seed’s streams: three times none of twenty is not none of sixty', () => {
  const [detector] = evaluate([seedOf(10, [0.1, 0.2]), seedOf(10, [0.1, 0.2]), seedOf(10, [0.1, 0.2])]);
  const [broad] = detector?.benign ?? [];
  expect(broad).toMatchObject({ kind: 'broad', streams: 20 });
  expect(broad?.alarmRate).toMatchObject({ value: 0, low: 0, seeds: 3, items: 20 });
  expect(broad?.alarmRate.high).toBeCloseTo(binomialBounds(0, 20).high, 10);
  const [attack] = detector?.attacks ?? [];
  expect(attack?.area).toMatchObject({ value: 1, high: 1 });
  expect(attack?.area.low).toBeCloseTo(binomialBounds(10, 10).low, 10);
  expect(attack?.queriesUntilAlarm).toMatchObject({ value: 110, unit: 'count' });
});

test('a copy that was stopped by the alarm is worth what the strongest attack has by then', () => {
  const points = [
    { budget: 100, stolenGain: sampleEstimate(0.2, 0.1) },
    { budget: 400, stolenGain: sampleEstimate(0.6, 0.05) },
  ];
  const curve = (attack: string | null, defense: string): QueryCurve => ({
    defense,
    attack,
    accounts: null,
    points: attack === null ? points : points.slice(1),
    area: null,
    crossings: [],
  });
  const curves = [
    curve(null, 'none'),
    curve('weak', 'near-duplicate-guard'),
    curve(null, 'near-duplicate-guard'),
  ];
  const [attack] = evaluate([seedOf(10, [0.1]), seedOf(10, [0.1])], curves)[0]?.attacks ?? [];
  expect(attack?.stolenGainAtAlarm?.relation).toBe('at');
  expect(attack?.stolenGainAtAlarm?.stolenGain.value).toBeCloseTo(
    0.2 + (0.4 * Math.log(1.1)) / Math.log(4),
    10,
  );
  expect(evaluate([seedOf(0, [0.1])].map(withoutAlarm), curves)[0]?.attacks[0]?.stolenGainAtAlarm).toBeNull();
});

test('between two budgets gains are linear in log n, band included; beyond them nothing is extrapolated', () => {
  const points = [
    { budget: 100, stolenGain: sampleEstimate(0.2, 0.1) },
    { budget: 400, stolenGain: sampleEstimate(0.6, 0.05) },
  ];
  const middle = gainAt(points, 200);
  expect(middle?.stolenGain.value).toBeCloseTo(0.4, 10);
  expect(middle?.stolenGain.low).toBeCloseTo((0.1 + 0.55) / 2, 10);
  expect(middle?.stolenGain.high).toBeCloseTo((0.3 + 0.65) / 2, 10);
  expect(gainAt(points, 400)).toMatchObject({ relation: 'at', stolenGain: { value: 0.6 } });
  expect(gainAt(points, 50)).toMatchObject({ relation: 'at-most', stolenGain: { value: 0.2 } });
  expect(gainAt(points, 500)).toMatchObject({ relation: 'more-than', stolenGain: { value: 0.6 } });
  expect(gainAt([], 500)).toBeNull();
});

test('rates that twenty honest accounts cannot resolve have a reason in place of a number', () => {
  const [detector] = evaluate([seedOf(5, [0.1])]);
  expect(detector?.benignStreams).toBe(20);
  expect(detector?.attacks[0]?.truePositives).toMatchObject([
    { falsePositiveRate: 0.01, rate: null },
    { falsePositiveRate: 0.001, rate: null },
  ]);
  expect(detector?.attacks[0]?.truePositives[0]?.reason).toContain('20 of at least 100');
  // One seed says nothing about seeds.
  expect(detector?.attacks[0]?.alarmRate).toMatchObject({ value: 0.5, low: null, high: null });
});

test('seeds that differ widen the interval beyond the streams’, and errors on rows have their spread over batches', () => {
  const [detector] = evaluate([seedOf(1, [0.1, 0.2]), seedOf(9, [0.1, 0.2]), seedOf(5, [0.1, 0.2])]);
  const rate = detector?.attacks[0]?.alarmRate;
  expect(rate?.value).toBeCloseTo(0.5, 6);
  expect(rate?.high).toBe(1);
  expect(detector?.nearDuplicates?.falsePositives.rate.value).toBeCloseTo(0.15, 6);
  // Six values, three times 0.1 and 0.2 each: sqrt(6 * 0.05^2 / 5).
  expect(detector?.nearDuplicates?.falsePositives.deviation).toBeCloseTo(Math.sqrt(0.015 / 5), 6);
});
