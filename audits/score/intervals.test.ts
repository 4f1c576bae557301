import { describe, expect, test } from 'vitest';
import { createRng, type Rng } from '../rng.ts';
import { bounds, createReplicator, toEstimate, type Replicated, type SeedReading } from './intervals.ts';
import { extremeEstimate, largestOf, ratioOfLargest } from './extremes.ts';
import { quantities } from './quantities.ts';
import { chooseBaseline, stolenGain } from './stolen-gain.ts';

const ITEMS = 120;
const REPLICATES = 300;

/** Images of varying difficulty, shared by all encoders of one world. */
function itemDifficulties(rng: Rng, count = ITEMS): Float64Array {
  return Float64Array.from({ length: count }, () => 0.25 * rng.normal());
}

/** One trained encoder on these images: its seed shifts its accuracy as a whole. */
function readings(
  rng: Rng,
  items: Float64Array,
  accuracy: number,
  seeds: number,
  seedDeviation: number,
): SeedReading[] {
  return Array.from({ length: seeds }, () => {
    const shift = accuracy + seedDeviation * rng.normal();
    const correct = Float32Array.from(items, (difficulty) => (rng.uniform() < shift + difficulty ? 1 : 0));
    return { value: correct.reduce((sum, item) => sum + item, 0) / items.length, items: correct };
  });
}

/** Expected accuracy over images and seeds when probabilities are clipped to [0, 1]. */
function trueAccuracy(accuracy: number, seedDeviation: number): number {
  const rng = createRng('truth');
  let sum = 0;
  for (let i = 0; i < 200_000; i++) {
    const probability = accuracy + seedDeviation * rng.normal() + 0.25 * rng.normal();
    sum += Math.min(1, Math.max(0, probability));
  }
  return sum / 200_000;
}

const covers = (low: number | null, high: number | null, truth: number): boolean =>
  low !== null && high !== null && low <= truth && truth <= high;

/** What a plain bootstrap over seeds would say of the mean: resample the seeds, take the middle 95 %. */
function plainBootstrap(rng: Rng, values: readonly number[]): Replicated {
  const draws = Float64Array.from({ length: REPLICATES }, () => {
    let sum = 0;
    for (let i = 0; i < values.length; i++) sum += values[rng.integer(values.length)] ?? 0;
    return sum / values.length;
  });
  return { value: 0, draws, seeds: values.length, items: 0, method: 'plain' };
}

describe('coverage in simulated audits', () => {
  const truth = {
    victim: trueAccuracy(0.8, 0),
    control: trueAccuracy(0.35, 0.02),
    strong: trueAccuracy(0.65, 0.06),
    weaker: trueAccuracy(0.62, 0.06),
  };
  const gainOf = (accuracy: number): number => (accuracy - truth.control) / (truth.victim - truth.control);

  test.each([3, 5])('stolen gain at %i seeds is inside its interval at least 93 times of 100', (seeds) => {
    const rounds = 200;
    let gains = 0;
    let worst = 0;
    let plain = 0;
    let ours = 0;
    for (let round = 0; round < rounds; round++) {
      const rng = createRng(`coverage/${seeds}/${round}`);
      const items = itemDifficulties(rng);
      const replicator = createReplicator(rng.derive('intervals'), REPLICATES);
      const victim = replicator.fixed(readings(rng, items, 0.8, 1, 0), 'task');
      const control = replicator.mean(readings(rng, items, 0.35, seeds, 0.02), 'task', 'control');
      const strongReadings = readings(rng, items, 0.65, seeds, 0.06);
      const strong = replicator.mean(strongReadings, 'task', 'strong');
      const weaker = replicator.mean(readings(rng, items, 0.62, seeds, 0.06), 'task', 'weaker');
      const gain = stolenGain(strong, control, victim);
      const other = stolenGain(weaker, control, victim);
      if (gain === undefined || other === undefined) throw new Error('an advantage of 0.4 was not seen');
      const { low, high } = bounds(gain);
      if (covers(low, high, gainOf(truth.strong))) gains++;
      const most = largestOf([gain, other]);
      if (covers(most?.low ?? null, most?.high ?? null, gainOf(truth.strong))) worst++;
      const naive = bounds(
        plainBootstrap(
          rng,
          strongReadings.map((reading) => reading.value),
        ),
      );
      if (covers(naive.low, naive.high, truth.strong)) plain++;
      const accuracy = bounds(strong);
      if (covers(accuracy.low, accuracy.high, truth.strong)) ours++;
    }
    expect(gains / rounds).toBeGreaterThanOrEqual(0.93);
    expect(worst / rounds).toBeGreaterThanOrEqual(0.93);
    expect(ours / rounds).toBeGreaterThanOrEqual(0.93);
    expect(plain / rounds).toBeLessThan(seeds === 3 ? 0.85 : 0.9);
    expect(ours).toBeGreaterThan(plain);
  });

  test('five equally strong attacks do not push the worst case above the truth', () => {
    const rounds = 200;
    let inside = 0;
    for (let round = 0; round < rounds; round++) {
      const rng = createRng(`ties/${round}`);
      const replicator = createReplicator(rng.derive('intervals'), REPLICATES);
      const attacks = Array.from({ length: 5 }, (_, i) =>
        replicator.mean(
          Array.from({ length: 5 }, () => ({ value: 0.5 + 0.05 * rng.normal() })),
          'task',
          `attack-${i}`,
        ),
      );
      const worst = largestOf(attacks);
      if (covers(worst?.low ?? null, worst?.high ?? null, 0.5)) inside++;
    }
    expect(inside / rounds).toBeGreaterThanOrEqual(0.93);
  });
});

describe('intervals', () => {
  const constant = (value: number, count: number): SeedReading[] =>
    Array.from({ length: count }, () => ({ value, items: new Float32Array(50).fill(value) }));

  test('with seed noise alone it is the t interval', () => {
    const replicator = createReplicator(createRng(1));
    const estimate = toEstimate(
      replicator.mean([{ value: 0.5 }, { value: 0.6 }, { value: 0.7 }], 't', 'x'),
      quantities.share,
    );
    // 0.6 ± 4.3027 · 0.1 / sqrt(3)
    expect(estimate.value).toBeCloseTo(0.6, 9);
    expect((estimate.high ?? 0) - 0.6).toBeCloseTo(0.2484, 2);
    expect(0.6 - (estimate.low ?? 0)).toBeCloseTo(0.2484, 2);
    expect(estimate.seeds).toBe(3);
  });

  test('with item noise alone it is the bootstrap of the items', () => {
    const items = Float32Array.from({ length: 400 }, (_, i) => (i % 4 === 0 ? 1 : 0));
    const same = [0, 1, 2].map(() => ({ value: 0.25, items }));
    const { low, high } = bounds(createReplicator(createRng(2)).mean(same, 't', 'x'));
    const halfWidth = 1.96 * Math.sqrt((0.25 * 0.75) / 400);
    expect(Math.abs((high ?? 0) - 0.25 - halfWidth)).toBeLessThan(0.006);
    expect(Math.abs(0.25 - (low ?? 0) - halfWidth)).toBeLessThan(0.006);
  });

  test('two seeds have a mean but no interval, and say why', () => {
    const estimate = toEstimate(
      createReplicator(createRng(1)).mean(constant(0.4, 2), 't', 'x'),
      quantities.share,
    );
    expect(estimate).toMatchObject({ value: 0.4, low: null, high: null, seeds: 2 });
    expect(estimate.method).toContain('too few repeats');
  });

  test('it ends where the quantity ends, and keeps its other end', () => {
    const replicator = createReplicator(createRng(1));
    const of = (...values: readonly number[]): Replicated =>
      replicator.mean(
        values.map((value) => ({ value })),
        't',
        'x',
      );
    // 0.9 ± 4.3027 · 0.1 / sqrt(3)
    const recall = of(0.8, 0.9, 1);
    expect(toEstimate(recall, quantities.ratio).high).toBeCloseTo(1.1484, 2);
    expect(toEstimate(recall, quantities.share).high).toBe(1);
    expect(toEstimate(recall, quantities.share).low).toBe(toEstimate(recall, quantities.ratio).low);
    const loss = of(-0.9, -0.8, -1);
    expect(toEstimate(loss, quantities.difference)).toMatchObject({
      low: -1,
      high: toEstimate(loss, quantities.ratio).high,
    });
    expect(toEstimate(of(0, 0.1, 0.2), quantities.distance).low).toBe(0);
    expect(extremeEstimate([recall, of(0.1, 0.1, 0.1)], quantities.share)).toMatchObject({
      high: 1,
      unit: 'fraction',
    });
  });

  test('what encoders share cancels: a copy of the victim steals exactly everything', () => {
    const rng = createRng('copy');
    const replicator = createReplicator(rng);
    const items = itemDifficulties(rng);
    const [own] = readings(rng, items, 0.8, 1, 0);
    if (own === undefined) throw new Error('no reading');
    const victim = replicator.fixed([own], 't');
    const control = replicator.mean(readings(rng, items, 0.3, 3, 0.01), 't', 'control');
    const copy = stolenGain(replicator.mean([own, own, own], 't', 'copy'), control, victim);
    expect(copy?.value).toBeCloseTo(1, 9);
    expect(bounds(copy ?? victim)).toEqual({
      low: expect.closeTo(1, 9) as number,
      high: expect.closeTo(1, 9) as number,
    });
  });

  test('a random surrogate steals nothing within its interval', () => {
    const rng = createRng('random');
    const replicator = createReplicator(rng);
    const items = itemDifficulties(rng, 1000);
    const victim = replicator.fixed(readings(rng, items, 0.8, 1, 0), 't');
    const control = replicator.mean(readings(rng, items, 0.35, 3, 0.01), 't', 'control');
    const other = stolenGain(
      replicator.mean(readings(rng, items, 0.35, 3, 0.01), 't', 'random'),
      control,
      victim,
    );
    const { low, high } = bounds(other ?? victim);
    expect(covers(low, high, 0)).toBe(true);
    expect(high).toBeLessThan(0.3);
  });

  test('without an advantage of the victim there is no stolen gain', () => {
    const rng = createRng('none');
    const replicator = createReplicator(rng);
    const items = itemDifficulties(rng);
    const victim = replicator.fixed(readings(rng, items, 0.42, 1, 0), 't');
    const control = replicator.mean(readings(rng, items, 0.4, 3, 0.03), 't', 'control');
    expect(stolenGain(control, control, victim)).toBeUndefined();
  });
});

describe('the baseline of an attacker class', () => {
  const control = (label: string, usesBackbone: boolean, value: number) => ({
    label,
    usesBackbone,
    accuracy: { value, draws: null, seeds: 3, items: 0, method: '' },
  });
  const random = control('random', false, 0.3);
  const ssl = control('own-ssl', false, 0.5);
  const backbone = control('backbone', true, 0.4);

  test('is the best control that class could have had', () => {
    expect(chooseBaseline([random, ssl, backbone], false)?.label).toBe('own-ssl');
    expect(chooseBaseline([random, backbone], true)?.label).toBe('backbone');
    expect(chooseBaseline([random, ssl, backbone], true)?.label).toBe('own-ssl');
  });

  test('an attacker with a backbone is not measured against less than the backbone', () => {
    expect(chooseBaseline([random, ssl], true)).toBeUndefined();
    expect(chooseBaseline([backbone], false)).toBeUndefined();
  });
});

describe('worst cases', () => {
  const replicator = createReplicator(createRng('worst'));
  const spread = (value: number, deviation: number, name: string): Replicated =>
    replicator.mean(
      [-1, 0, 1].map((step) => ({ value: value + step * deviation })),
      't',
      name,
    );

  test('the worst case is never below any attack, in either end', () => {
    const parts = [spread(0.4, 0.01, 'a'), spread(0.7, 0.01, 'b'), spread(0.1, 0.01, 'c')];
    const worst = extremeEstimate(parts, quantities.ratio);
    expect(worst?.value).toBeCloseTo(0.7, 9);
    expect(worst?.high).toBeGreaterThanOrEqual(bounds(parts[1] ?? parts[0]!).high ?? 0);
    expect(worst?.low).toBeGreaterThan(0.6);
  });

  test('an attack of uncertain strength raises the upper end', () => {
    const sure = spread(0.7, 0.005, 'sure');
    const unsure = spread(0.6, 0.1, 'unsure');
    expect(largestOf([sure, unsure])?.high).toBeGreaterThan((largestOf([sure])?.high ?? 0) + 0.05);
  });

  test('an attack without an interval takes the interval away: it might be the worst', () => {
    const few = replicator.mean([{ value: 0.1 }], 't', 'few');
    expect(largestOf([spread(0.7, 0.01, 'a'), few])).toMatchObject({ low: null, high: null });
  });

  test('the quotient of two maxima', () => {
    const ratio = ratioOfLargest(
      [spread(0.2, 0.005, 'd')],
      [spread(0.8, 0.005, 'n'), spread(0.3, 0.005, 'm')],
    );
    expect(ratio?.value).toBeCloseTo(0.25, 6);
    expect(ratio?.low).toBeGreaterThan(0.21);
    expect(ratio?.high).toBeLessThan(0.29);
  });

  test('no quotient while the undefended maximum may be zero; less than nothing counts as nothing', () => {
    expect(ratioOfLargest([spread(0.2, 0.01, 'd')], [spread(0.05, 0.1, 'n')])).toBeUndefined();
    const ratio = ratioOfLargest([spread(-0.2, 0.01, 'd')], [spread(0.8, 0.01, 'n')]);
    expect(ratio).toEqual({ value: 0, low: 0, high: 0 });
  });
});
