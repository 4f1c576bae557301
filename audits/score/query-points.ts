import type { CurvePoint, Estimate, GainPoint, QueryPoint } from '../contract/result.ts';

/** Where a query curve reaches a level, and the arithmetic of such places. */

export interface CurveSample {
  readonly budget: number;
  readonly gain: number;
}

/**
 * Queries at which a curve first reaches `level`, linear in log n between two budgets. Nothing is extrapolated: a curve that
 * is there at its smallest budget reaches it with at most that many queries, one that never gets there needs more than the
 * largest.
 * @param samples ascending budgets, at least one
 */
export function crossing(samples: readonly CurveSample[], level: number): QueryPoint {
  let before: CurveSample | undefined;
  for (const sample of samples) {
    if (sample.gain >= level) {
      if (before === undefined) return { queries: sample.budget, relation: 'at-most' };
      const share = (level - before.gain) / (sample.gain - before.gain);
      const logs = Math.log(before.budget) + share * Math.log(sample.budget / before.budget);
      return { queries: Math.round(Math.exp(logs)), relation: 'at' };
    }
    before = sample;
  }
  return { queries: before?.budget ?? 0, relation: 'more-than' };
}

/**
 * Stolen gain after `queries`, linear in log n between two budgets, value and band alike. Nothing is extrapolated: before the
 * smallest budget it is at most that one's, after the largest more than that one's.
 * @param points ascending budgets
 */
export function gainAt(points: readonly CurvePoint[], queries: number): GainPoint | null {
  let before: CurvePoint | undefined;
  for (const point of points) {
    if (point.budget === queries) return { stolenGain: point.stolenGain, relation: 'at' };
    if (point.budget > queries) {
      if (before === undefined) return { stolenGain: point.stolenGain, relation: 'at-most' };
      const share = Math.log(queries / before.budget) / Math.log(point.budget / before.budget);
      return { stolenGain: between(before.stolenGain, point.stolenGain, share), relation: 'at' };
    }
    before = point;
  }
  return before === undefined ? null : { stolenGain: before.stolenGain, relation: 'more-than' };
}

function between(left: Estimate, right: Estimate, share: number): Estimate {
  const blend = (a: number, b: number): number => a + share * (b - a);
  const end = (a: number | null, b: number | null): number | null =>
    a === null || b === null ? null : blend(a, b);
  return {
    ...left,
    value: blend(left.value, right.value),
    low: end(left.low, right.low),
    high: end(left.high, right.high),
    method: `${left.method}; interpolated between two budgets`,
  };
}

/** Mean gain over log n between the smallest and the largest budget; undefined for fewer than two budgets. */
export function areaUnder(samples: readonly CurveSample[]): number | undefined {
  const [first, last] = [samples[0], samples.at(-1)];
  if (first === undefined || last === undefined || samples.length < 2) return undefined;
  let area = 0;
  samples.slice(1).forEach((sample, i) => {
    const before = samples[i] ?? first;
    area += ((before.gain + sample.gain) / 2) * Math.log(sample.budget / before.budget);
  });
  return area / Math.log(last.budget / first.budget);
}

/** A quotient of two places, as far as it is known: `more-than` where the numerator was never reached. */
export function quotientOf(
  numerator: QueryPoint,
  denominator: QueryPoint,
): { readonly value: number; readonly relation: QueryPoint['relation'] } | undefined {
  if (denominator.relation === 'more-than') return undefined;
  const value = numerator.queries / denominator.queries;
  if (numerator.relation === 'at-most')
    return denominator.relation === 'at' ? { value, relation: 'at-most' } : undefined;
  // Dividing by something that may be smaller still makes the quotient larger still.
  if (denominator.relation === 'at-most') return { value, relation: 'more-than' };
  return { value, relation: numerator.relation };
}

/** Of two values, the smaller one in the order `at-most < at < more-than` at equal numbers. */
export function isBelow(
  a: { readonly value: number; readonly relation: QueryPoint['relation'] },
  b: { readonly value: number; readonly relation: QueryPoint['relation'] },
): boolean {
  const order: readonly QueryPoint['relation'][] = ['at-most', 'at', 'more-than'];
  return a.value !== b.value ? a.value < b.value : order.indexOf(a.relation) < order.indexOf(b.relation);
}
