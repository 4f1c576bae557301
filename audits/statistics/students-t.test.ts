import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { cohensD, hedgesG, smallSampleFactor } from './effect-size.ts';
import { holmAdjusted } from './holm.ts';
import {
  summarize,
  tailProbability,
  tTest,
  type Alternative,
  type SampleSummary,
  type TTest,
} from './students-t.ts';
import { samplesForPower, tTestPower } from './t-test-power.ts';

interface PrintedCase {
  readonly t: number;
  readonly degrees: number;
  readonly printed: number;
  readonly p: number;
}

/** SciPy's answers; `test/fixtures/ownership/t-tests.py` writes them. */
const expected = JSON.parse(
  readFileSync(path.join(import.meta.dirname, '../../test/fixtures/ownership/t-tests.json'), 'utf8'),
) as {
  readonly watermark: readonly PrintedCase[];
  readonly differences: readonly PrintedCase[];
  readonly tails: readonly { readonly t: number; readonly degrees: number; readonly p: number }[];
  readonly samples: readonly {
    readonly first: readonly number[];
    readonly second: readonly number[];
    readonly tests: readonly Pick<TTest, 'variance' | 'alternative' | 't' | 'degrees' | 'p'>[];
  }[];
  readonly power: readonly {
    readonly effect: number;
    readonly n: number;
    readonly level: number;
    readonly alternative: Alternative;
    readonly power: number;
  }[];
};

const relative = (found: number, wanted: number): number =>
  wanted === 0 ? Math.abs(found) : Math.abs(found / wanted - 1);

describe('p of t and degrees of freedom is SciPy’s', () => {
  test.each(expected.watermark)('Table 5, t = $t: $p', ({ t, degrees, p }) => {
    expect(relative(tailProbability(t, degrees, 'two-sided'), p)).toBeLessThan(1e-9);
  });

  test.each(expected.differences)('Table 19, t = $t with $degrees degrees: $p', ({ t, degrees, p }) => {
    expect(relative(tailProbability(t, degrees, 'greater'), p)).toBeLessThan(1e-9);
  });

  test.each(expected.tails)('far out, t = $t with $degrees degrees: $p', ({ t, degrees, p }) => {
    expect(relative(tailProbability(t, degrees, 'two-sided'), p)).toBeLessThan(1e-8);
    expect(relative(tailProbability(-t, degrees, 'two-sided'), p)).toBeLessThan(1e-8);
  });
});

/** Half a unit of the last digit of a printed p: 0.99, 0.0685, 1e-5. */
function halfUnit(printed: number): number {
  const [digits = '', exponent = '0'] = String(printed).split('e');
  const decimals = digits.split('.')[1]?.length ?? 0;
  return 0.5 * 10 ** (Number(exponent) - decimals);
}

/** The paper prints t with two decimals. */
const T_SLACK = 0.005;

/** Whether a printed p can be the rounding of the p of any t that is printed as this one. */
function isRounding({ t, degrees, printed }: PrintedCase, alternative: Alternative): boolean {
  const ends = [t - T_SLACK, t + T_SLACK].map((each) => tailProbability(each, degrees, alternative));
  const slack = halfUnit(printed);
  return Math.min(...ends) <= printed + slack && Math.max(...ends) >= printed - slack;
}

describe('what the paper prints', () => {
  test('Table 5: every p is the rounding of a two-sided test with 58 degrees of freedom', () => {
    expect(expected.watermark.filter((each) => !isRounding(each, 'two-sided'))).toEqual([]);
    // And of no other number of samples: 56 or 60 degrees give other roundings of t = 9.81.
    for (const degrees of [56, 60])
      expect(expected.watermark.every((each) => isRounding({ ...each, degrees }, 'two-sided'))).toBe(false);
  });

  test('Table 19: five of thirteen p-values are no rounding of what t and the sample size give', () => {
    const off = expected.differences.filter((each) => !isRounding(each, 'greater'));
    expect(off.map(({ t, printed }) => [t, printed])).toEqual([
      [-2.9, 0.99],
      [4.03, 1e-5],
      [3.61, 1e-4],
      [-3.31, 0.99],
      [-4.3, 0.99],
    ]);
    // None of them changes a conclusion at 0.05.
    for (const { p, printed } of off) expect(p < 0.05).toBe(printed < 0.05);
  });
});

describe('two samples, as scipy.stats.ttest_ind', () => {
  const cases = expected.samples.flatMap(({ first, second, tests }, i) =>
    tests.map((each) => ({ ...each, name: `${i}`, first, second })),
  );
  test.each(cases)('samples $name, $variance, $alternative', (each) => {
    const found = tTest(summarize(each.first), summarize(each.second), each);
    for (const key of ['t', 'degrees', 'p'] as const)
      expect(relative(found[key], each[key])).toBeLessThan(1e-9);
    expect(found.saturated).toBe(false);
  });

  test('equal samples: t is 0 and the two-sided p is 1', () => {
    const sample = summarize([1, 2, 4]);
    expect(tTest(sample, sample, { variance: 'welch', alternative: 'two-sided' })).toMatchObject({
      t: 0,
      p: 1,
    });
  });

  test('a p that ran out of digits is flagged, and a small one is not', () => {
    const at = (mean: number): TTest =>
      tTest(
        { count: 50_000, mean, variance: 1 },
        { count: 50_000, mean: 0, variance: 1 },
        { variance: 'pooled', alternative: 'greater' },
      );
    expect(at(0.2).saturated).toBe(false);
    expect(at(0.2).p).toBeGreaterThan(0);
    expect(at(0.5).saturated).toBe(true);
    const constant: SampleSummary = { count: 3, mean: 1, variance: 0 };
    expect(
      tTest(constant, { ...constant, mean: 0 }, { variance: 'welch', alternative: 'greater' }),
    ).toMatchObject({ t: Infinity, p: 0, saturated: true });
  });

  test.each([
    [[], [1, 2]],
    [[1], [1, 2]],
    [
      [1, Number.NaN],
      [1, 2],
    ],
  ])('%j against %j is refused', (first, second) => {
    expect(() =>
      tTest(summarize(first), summarize(second), { variance: 'pooled', alternative: 'less' }),
    ).toThrow(RangeError);
  });
});

describe('effect sizes', () => {
  test('Cohen’s d counts deviations and does not grow with the sample', () => {
    const of = (count: number): number =>
      cohensD({ count, mean: 3, variance: 4 }, { count, mean: 2, variance: 4 });
    expect(of(5)).toBe(0.5);
    expect(of(5000)).toBe(0.5);
  });

  test('Hedges’ factor is near Γ(m/2) / (√(m/2) Γ((m-1)/2)), and g is d times it', () => {
    expect(Math.abs(smallSampleFactor(2) * Math.sqrt(Math.PI) - 1)).toBeLessThan(0.014);
    // Γ(2) / (√2 Γ(3/2)) with Γ(3/2) = √π / 2.
    expect(Math.abs(smallSampleFactor(4) / (Math.SQRT2 / Math.sqrt(Math.PI)) - 1)).toBeLessThan(0.004);
    const [a, b] = [summarize([1, 2, 3]), summarize([0, 1, 2])];
    expect(hedgesG(a, b)).toBeCloseTo(1 - 3 / 15, 12);
  });
});

describe('power', () => {
  test.each(expected.power)(
    'effect $effect, $n + $n values, $alternative at $level: SciPy’s noncentral t',
    ({ effect, n, level, alternative, power }) => {
      expect(Math.abs(tTestPower(effect, n, level, alternative) - power)).toBeLessThan(1e-6);
    },
  );

  test('grows with n, is the level without an effect, and 26 + 26 find 0.8 deviations in 80 % (Cohen 1988)', () => {
    const powers = [3, 6, 12, 24, 48].map((n) => tTestPower(0.5, n, 0.05, 'greater'));
    expect(powers).toEqual(powers.toSorted((a, b) => a - b));
    expect(new Set(powers).size).toBe(powers.length);
    expect(tTestPower(0, 20, 0.05, 'two-sided')).toBeCloseTo(0.05, 6);
    expect(samplesForPower(0.8, { power: 0.8, level: 0.05, alternative: 'two-sided' })).toBe(26);
  });

  test('no sample is large enough for an effect of the wrong sign or of none', () => {
    for (const effect of [0, -0.3])
      expect(samplesForPower(effect, { power: 0.8, level: 0.05, alternative: 'greater' })).toBeNull();
  });
});

describe('Holm’s correction', () => {
  test('multiplies the smallest p by their number, the next by one less, and never falls', () => {
    expect(holmAdjusted([0.01, 0.04, 0.03, 0.005])).toEqual([0.03, 0.06, 0.06, 0.02]);
  });

  test('one p stays as it is; none exceeds 1', () => {
    expect(holmAdjusted([0.2])).toEqual([0.2]);
    expect(holmAdjusted([0.6, 0.7])).toEqual([1, 1]);
  });
});
