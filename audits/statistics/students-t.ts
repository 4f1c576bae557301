import tCdf from '@stdlib/stats-base-dists-t-cdf';

/** Student's t-tests of two samples, from the values or from their summaries, with a flag for a p that ran out of digits. */

/** What is tested for: the first mean differs from, is above, or is below the second. */
export type Alternative = 'two-sided' | 'greater' | 'less';

/** `pooled`: one variance for both samples (Student 1908). `welch`: one each (Welch 1947). */
export type VarianceRule = 'pooled' | 'welch';

/** A sample as a t-test sees it. */
export interface SampleSummary {
  readonly count: number;
  readonly mean: number;
  /** Over `count - 1`; 0 for one value. */
  readonly variance: number;
}

export interface TTest {
  readonly variance: VarianceRule;
  readonly alternative: Alternative;
  /** First mean minus second. */
  readonly difference: number;
  /** Infinite where the means differ and nothing varies. */
  readonly t: number;
  /** Degrees of freedom; not whole for Welch's test. */
  readonly degrees: number;
  readonly p: number;
  /** p is smaller than float64 can hold: it says "below 2.3e-308" and ranks nothing any more. */
  readonly saturated: boolean;
}

/** Below it float64 numbers lose digits and then become 0. */
export const SMALLEST_P = 2.225_073_858_507_201_4e-308;

/** @throws RangeError for an empty sample */
export function summarize(values: ArrayLike<number>): SampleSummary {
  const count = values.length;
  if (count === 0) throw new RangeError('a sample without values');
  let sum = 0;
  for (let i = 0; i < count; i++) sum += values[i] ?? 0;
  const mean = sum / count;
  let squares = 0;
  for (let i = 0; i < count; i++) squares += ((values[i] ?? 0) - mean) ** 2;
  return { count, mean, variance: count > 1 ? squares / (count - 1) : 0 };
}

/**
 * Two-sample t-test, as `scipy.stats.ttest_ind_from_stats`.
 * @throws RangeError with fewer than two values in a sample, or where something is not finite
 */
export function tTest(
  first: SampleSummary,
  second: SampleSummary,
  { variance, alternative }: { readonly variance: VarianceRule; readonly alternative: Alternative },
): TTest {
  for (const { count, mean, variance: spread } of [first, second])
    if (!(count >= 2) || !Number.isFinite(mean) || !(spread >= 0) || !Number.isFinite(spread))
      throw new RangeError(`a t-test of ${count} values with mean ${mean} and variance ${spread}`);
  const difference = first.mean - second.mean;
  const { error, degrees } = variance === 'pooled' ? pooledError(first, second) : welchError(first, second);
  const t = error > 0 ? difference / error : difference === 0 ? 0 : Math.sign(difference) * Infinity;
  const p = tailProbability(t, degrees, alternative);
  return { variance, alternative, difference, t, degrees, p, saturated: p < SMALLEST_P };
}

/**
 * The p-value of a t statistic. Taken from the tail itself and not as 1 minus the rest, so that small ones keep their digits.
 * @throws RangeError unless `degrees > 0`
 */
export function tailProbability(t: number, degrees: number, alternative: Alternative): number {
  if (!(degrees > 0) || Number.isNaN(t)) throw new RangeError(`t = ${t} with ${degrees} degrees of freedom`);
  const below = (value: number): number =>
    value === -Infinity ? 0 : value === Infinity ? 1 : tCdf(value, degrees);
  if (alternative === 'less') return below(t);
  if (alternative === 'greater') return below(-t);
  return Math.min(1, 2 * below(-Math.abs(t)));
}

/** The deviation both samples are taken to share. */
export function pooledDeviation(first: SampleSummary, second: SampleSummary): number {
  const degrees = first.count + second.count - 2;
  return Math.sqrt(((first.count - 1) * first.variance + (second.count - 1) * second.variance) / degrees);
}

interface ErrorOfDifference {
  readonly error: number;
  readonly degrees: number;
}

function pooledError(first: SampleSummary, second: SampleSummary): ErrorOfDifference {
  return {
    error: pooledDeviation(first, second) * Math.sqrt(1 / first.count + 1 / second.count),
    degrees: first.count + second.count - 2,
  };
}

/** Degrees by Welch and Satterthwaite. */
function welchError(first: SampleSummary, second: SampleSummary): ErrorOfDifference {
  const [a, b] = [first.variance / first.count, second.variance / second.count];
  const spread = a ** 2 / (first.count - 1) + b ** 2 / (second.count - 1);
  return {
    error: Math.sqrt(a + b),
    degrees: spread > 0 ? (a + b) ** 2 / spread : first.count + second.count - 2,
  };
}
