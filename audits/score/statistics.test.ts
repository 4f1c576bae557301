import tQuantile from '@stdlib/stats-base-dists-t-quantile';
import { describe, expect, test } from 'vitest';
import cases from '../../test/fixtures/statistics/cases.json' with { type: 'json' };
import { createRng, type Rng } from '../rng.ts';
import { binomialBounds, binomialUpperBound } from './binomial.ts';
import { rocArea, truePositiveRate } from './detection-rates.ts';
import { largestRatio } from './extremes.ts';
import { bounds, createReplicator, type SeedReading } from './intervals.ts';
import { stolenGain } from './stolen-gain.ts';

describe('against SciPy', () => {
  test.each(cases.quantiles)("Student's t with $degrees degrees at $p", ({ p, degrees, value }) => {
    expect(tQuantile(p, degrees) - value).toBeCloseTo(0, 8);
  });

  test.each(cases.seeds)('the t interval of $size seeds', ({ values, low, high }) => {
    const means = values.map((value) => ({ value }));
    const found = bounds(createReplicator(createRng(1)).mean(means, 't', 'x'));
    // 1 000 equally spaced quantiles: their 2.5 % end lies between two of them.
    const width = high - low;
    expect(Math.abs((found.low ?? 0) - low)).toBeLessThan(0.01 * width);
    expect(Math.abs((found.high ?? 0) - high)).toBeLessThan(0.01 * width);
  });

  test('the percentile bootstrap of test items', () => {
    const { hits, trials, low, high } = cases.bootstrap;
    const items = Float32Array.from({ length: trials }, (_, i) => (i < hits ? 1 : 0));
    const found = bounds(createReplicator(createRng(1), 4000).fixed([{ value: hits / trials, items }], 't'));
    expect(Math.abs((found.low ?? 0) - low)).toBeLessThan(0.006);
    expect(Math.abs((found.high ?? 0) - high)).toBeLessThan(0.006);
  });

  test.each(cases.binomial)(
    'exact bounds of $hits of $trials',
    ({ hits, trials, low, high, oneSidedHigh }) => {
      expect(binomialBounds(hits, trials).low).toBeCloseTo(low, 8);
      expect(binomialBounds(hits, trials).high).toBeCloseTo(high, 8);
      expect(binomialUpperBound(hits, trials)).toBeCloseTo(oneSidedHigh, 8);
    },
  );
});

describe('detection rates', () => {
  const ramp = (count: number, shift = 0) => Array.from({ length: count }, (_, i) => i / count + shift);

  test('below what the benign accounts can resolve they are not estimable', () => {
    expect(truePositiveRate(ramp(999), [2, 2], 0.001).isEstimable).toBe(false);
    expect(truePositiveRate(ramp(1000), [2, 2], 0.001).isEstimable).toBe(true);
    const rate = truePositiveRate(ramp(99), [2], 0.01);
    expect(rate.isEstimable ? '' : rate.reason).toContain('99 of at least 100 independent benign accounts');
  });

  test('by hand: one of a hundred may lie above, and a tie is not above', () => {
    const rate = truePositiveRate(ramp(100), [0.985, 0.98, 0.5, 0.99], 0.01);
    expect(rate).toMatchObject({ isEstimable: true, value: 0.5, threshold: 0.98 });
    expect(rate.isEstimable && rate.low < 0.5 && rate.high > 0.5).toBe(true);
  });

  test('the area is 1 for separated, a half for equal scores', () => {
    expect(rocArea(ramp(10), ramp(10, 5))).toBe(1);
    expect(rocArea([1, 1], [1, 1, 1])).toBe(0.5);
    expect(rocArea([0, 2], [1])).toBe(0.5);
  });
});

/** Right answers of one seed: image difficulties are shared, the training shifts all of them. */
function readings(
  rng: Rng,
  items: Float64Array,
  accuracy: number,
  seeds: number,
  spread: number,
): SeedReading[] {
  return Array.from({ length: seeds }, () => {
    const level = accuracy + spread * rng.normal();
    const correct = Float32Array.from(items, (difficulty) => (rng.uniform() < level + difficulty ? 1 : 0));
    return { value: correct.reduce((sum, item) => sum + item, 0) / items.length, items: correct };
  });
}

describe('coverage of the protection', () => {
  const ROUNDS = 200;
  /** Difficulties within ±0.15 and levels within 0.2 ... 0.8: no probability is clipped, the truth is exact. */
  const truth = { victim: 0.75, control: 0.3, undefended: [0.65, 0.62], defended: [0.45, 0.43, 0.4] };
  const gain = (accuracy: number): number => (accuracy - truth.control) / (truth.victim - truth.control);
  const protection = 1 - gain(0.45) / gain(0.65);

  test.each([3, 5])('with maxima over attacks on both sides, at %i seeds: at least 93 of 100', (seeds) => {
    let inside = 0;
    let judged = 0;
    for (let round = 0; round < ROUNDS; round++) {
      const rng = createRng(`protection/${seeds}/${round}`);
      const items = Float64Array.from({ length: 300 }, () => 0.3 * (rng.uniform() - 0.5));
      const replicator = createReplicator(rng.derive('intervals'), 500);
      const victim = replicator.fixed(readings(rng, items, truth.victim, 1, 0), 'task');
      const control = replicator.mean(readings(rng, items, truth.control, seeds, 0.01), 'task', 'control');
      const gains = (accuracies: readonly number[], name: string) =>
        accuracies.flatMap((accuracy, i) => {
          const stolen = replicator.mean(readings(rng, items, accuracy, seeds, 0.02), 'task', `${name}/${i}`);
          return stolenGain(stolen, control, victim) ?? [];
        });
      const ratio = largestRatio([
        { numerators: gains(truth.defended, 'defended'), denominators: gains(truth.undefended, 'plain') },
      ]);
      if (ratio === undefined || ratio.low === null || ratio.high === null) continue;
      judged++;
      if (1 - ratio.high <= protection && protection <= 1 - ratio.low) inside++;
    }
    expect(judged).toBe(ROUNDS);
    expect(inside / judged).toBeGreaterThanOrEqual(0.93);
  });
});
