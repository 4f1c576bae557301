import normalQuantile from '@stdlib/stats-base-dists-normal-quantile';

/** Royston's algorithm AS R94 is made for samples of 3 to 5000 values. */
export const fewestValues = 3;
export const mostValues = 5000;

/** Corrections of the two outermost weights: polynomials in 1 / sqrt(n), lowest power first (Royston 1995, AS R94). */
const OUTERMOST = [0, 0.221157, -0.147981, -2.07119, 4.434685, -2.706056];
const SECOND = [0, 0.042981, -0.293762, -1.752461, 5.682633, -3.582633];
/** Only from here on the second weight is corrected by itself. */
const FEWEST_FOR_SECOND = 6;

/**
 * Shapiro and Wilk's W of a sample, by Royston's approximation of the weights (Applied Statistics 44, 1995, AS R94): near 1
 * for a normal sample, smaller the less normal it is. Order does not matter.
 * @returns W in (0, 1]; 1 for a sample without spread, of which nothing can be said
 * @throws RangeError for fewer than 3 or more than 5000 values
 */
export function shapiroWilk(values: ArrayLike<number>): number {
  const n = values.length;
  if (n < fewestValues || n > mostValues) throw new RangeError(`Shapiro-Wilk of ${n} values`);
  const sorted = Float64Array.from(values).sort();
  const mean = sorted.reduce((sum, value) => sum + value, 0) / n;
  const squares = sorted.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  if (squares === 0) return 1;
  const weights = upperWeights(n);
  const slope = weights.reduce(
    (sum, weight, i) => sum + weight * ((sorted[n - 1 - i] ?? 0) - (sorted[i] ?? 0)),
    0,
  );
  return Math.min(1, slope ** 2 / squares);
}

/** Weights of the upper half of the order statistics, outermost first; the lower half has them negated. */
function upperWeights(n: number): Float64Array {
  const half = Math.floor(n / 2);
  if (n === 3) return Float64Array.of(Math.SQRT1_2);
  // Blom's approximation of the expected normal order statistics.
  const expected = Float64Array.from(
    { length: half },
    (_, i) => -normalQuantile((i + 1 - 0.375) / (n + 0.25), 0, 1),
  );
  const squares = 2 * expected.reduce((sum, value) => sum + value * value, 0);
  const length = Math.sqrt(squares);
  const corrected = [OUTERMOST, SECOND]
    .slice(0, n < FEWEST_FOR_SECOND ? 1 : 2)
    .map((coefficients, i) => (expected[i] ?? 0) / length + polynomial(coefficients, 1 / Math.sqrt(n)));
  const taken = corrected.reduce((sum, _, i) => sum + 2 * (expected[i] ?? 0) ** 2, 0);
  const given = corrected.reduce((sum, weight) => sum + 2 * weight ** 2, 0);
  const scale = Math.sqrt((squares - taken) / (1 - given));
  return expected.map((value, i) => corrected[i] ?? value / scale);
}

function polynomial(coefficients: readonly number[], x: number): number {
  return coefficients.reduceRight((sum, coefficient) => sum * x + coefficient, 0);
}
