import normalCdf from '@stdlib/stats-base-dists-normal-cdf';
import tQuantile from '@stdlib/stats-base-dists-t-quantile';
import type { Alternative } from './students-t.ts';

/** How often a two-sample t-test of a given size would find an effect that is there, and how large it must be to find it. */

/** Points of the midpoint rule: its error is below 1e-8, as the comparison with SciPy in the tests shows. */
const POINTS = 4000;
/** Deviations of a scaled chi variable on either side of 1 that hold all but 1e-12 of it. */
const REACH = 10;
/** Larger samples are not looked for: nobody embeds more images than this for one test. */
const MOST_SAMPLES = 1 << 30;

/**
 * Power of the pooled two-sample t-test with `n` values in each sample: the share of repetitions with `p <= level` where
 * the means differ by `effect` deviations. By the noncentral t distribution with noncentrality `effect · √(n/2)`.
 * @throws RangeError unless `n >= 2` and `0 < level < 1`
 */
export function tTestPower(effect: number, n: number, level: number, alternative: Alternative): number {
  if (!(n >= 2) || !(level > 0 && level < 1)) throw new RangeError(`power of ${n} values at ${level}`);
  if (Math.abs(effect) === Infinity)
    return alternative === 'two-sided' || effect > 0 === (alternative === 'greater') ? 1 : 0;
  const degrees = 2 * n - 2;
  const noncentrality = effect * Math.sqrt(n / 2);
  const upper = (shift: number, tail: number): number =>
    noncentralAbove(tQuantile(1 - tail, degrees), degrees, shift);
  if (alternative === 'greater') return upper(noncentrality, level);
  if (alternative === 'less') return upper(-noncentrality, level);
  return upper(noncentrality, level / 2) + upper(-noncentrality, level / 2);
}

/**
 * Values each sample needs for that power; null where the effect has the wrong sign, is 0, or needs more than 2^30.
 * @param effect in deviations
 */
export function samplesForPower(
  effect: number,
  {
    power,
    level,
    alternative,
  }: { readonly power: number; readonly level: number; readonly alternative: Alternative },
): number | null {
  const enough = (n: number): boolean => tTestPower(effect, n, level, alternative) >= power;
  const hopeless =
    Number.isNaN(effect) ||
    effect === 0 ||
    (alternative === 'greater' && effect < 0) ||
    (alternative === 'less' && effect > 0);
  if (hopeless || !(power > 0 && power < 1)) return null;
  let high = 2;
  while (!enough(high)) {
    if (high >= MOST_SAMPLES) return null;
    high *= 2;
  }
  let low = high / 2;
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (middle >= 2 && enough(middle)) high = middle;
    else low = middle;
  }
  return high;
}

/**
 * `P(T > bound)` for `T = (Z + shift) / S`, `Z` standard normal and `S = √(χ²/degrees)`: the integral of `Φ(shift - bound s)`
 * over the density `s^(degrees-1) exp(-degrees s²/2)`, which is divided by its own integral.
 */
function noncentralAbove(bound: number, degrees: number, shift: number): number {
  const width = REACH / Math.sqrt(2 * degrees);
  const from = Math.max(0, 1 - width);
  const step = (1 + width - from) / POINTS;
  const mode = Math.sqrt(Math.max(0, degrees - 1) / degrees);
  const logDensity = (s: number): number => (degrees - 1) * Math.log(s) - (degrees * s * s) / 2;
  const peak = mode > 0 ? logDensity(mode) : 0;
  let total = 0;
  let above = 0;
  for (let i = 0; i < POINTS; i++) {
    const s = from + (i + 0.5) * step;
    const weight = Math.exp(logDensity(s) - peak);
    total += weight;
    above += weight * normalCdf(shift - bound * s, 0, 1);
  }
  return above / total;
}
