import normalCdf from '@stdlib/stats-base-dists-normal-cdf';
import normalQuantile from '@stdlib/stats-base-dists-normal-quantile';
import { smallSampleFactor } from '../statistics/effect-size.ts';
import { summarize } from '../statistics/students-t.ts';

/**
 * The only comparison that makes a claim: one number of the suspect against the same number of encoders known to be independent
 * of the victim, one each. Batches, images or queries of one encoder vary far less than encoders do, so no test over them says
 * how often an honest encoder would be accused (methods, "Ownership tests").
 */

export interface NullComparison {
  /** Independent encoders behind it. */
  readonly encoders: number;
  readonly mean: number;
  /** Between encoders, over `encoders - 1`; 0 for one. */
  readonly deviation: number;
  readonly largest: number;
  /** Of them, those that look at least as much like a copy as the suspect. */
  readonly reached: number;
  /** `(1 + reached) / (1 + encoders)`: the suspect's rank among equals. */
  readonly p: number;
  /** `1 / (1 + encoders)`, below which this many encoders cannot go. */
  readonly floor: number;
  /** p is at the floor: it tells how many encoders there were, and only the effect tells the strength. */
  readonly saturated: boolean;
  /** Hedges' g of the suspect in deviations between encoders; null with fewer than three of them, or where they do not vary. */
  readonly effect: number | null;
}

/** When a suspect is claimed. */
export interface ClaimRule {
  /** Largest p. */
  readonly level: number;
  /**
   * Smallest effect. p alone claims the most alike of the independent encoders themselves, each time the floor is below the
   * level; three deviations do that to about one in 700 where they are normally spread.
   */
  readonly leastEffect: number;
}

export const defaultRule: ClaimRule = Object.freeze({ level: 0.05, leastEffect: 3 });

/** Fewer encoders have no deviation worth a name: Hedges' factor begins at two degrees of freedom. */
const FEWEST_FOR_EFFECT = 3;

/** Encoders that differ by less than this share of their values differ by rounding. */
const SMALLEST_DEVIATION = 1e-12;

/** @throws RangeError without an independent encoder, or for values that are not finite */
export function compareWithNull(statistic: number, independent: ArrayLike<number>): NullComparison {
  const values = Array.from(independent);
  if (values.length === 0 || ![statistic, ...values].every(Number.isFinite))
    throw new RangeError(`${statistic} among ${values.length} independent encoders`);
  const { count, mean, variance } = summarize(values);
  const spread = Math.sqrt(variance);
  const deviation = spread > SMALLEST_DEVIATION * Math.max(...values.map(Math.abs)) ? spread : 0;
  const reached = values.filter((value) => value >= statistic).length;
  return {
    encoders: count,
    mean,
    deviation,
    largest: Math.max(...values),
    reached,
    p: (1 + reached) / (1 + count),
    floor: 1 / (1 + count),
    saturated: reached === 0,
    effect:
      count >= FEWEST_FOR_EFFECT && deviation > 0
        ? (smallSampleFactor(count - 1) * (statistic - mean)) / deviation
        : null,
  };
}

export function isClaimed({ p, effect }: NullComparison, { level, leastEffect }: ClaimRule): boolean {
  return p <= level && effect !== null && effect >= leastEffect;
}

/**
 * Every independent encoder in the suspect's place, judged by the others.
 * @throws RangeError with fewer than two
 */
export function leaveOneOut(independent: readonly number[]): readonly NullComparison[] {
  return independent.map((value, i) =>
    compareWithNull(
      value,
      independent.filter((_, other) => other !== i),
    ),
  );
}

/** Points of the midpoint rule over eight deviations on either side: its error is below 1e-6 up to 1 000 encoders. */
const POINTS = 400;
const REACH = 8;
/** More encoders are not looked for: nobody trains them. */
const MOST_ENCODERS = 1000;

/**
 * Share of suspects at this effect whose rank among `encoders` independent ones gives `p <= level`, if scores are normal with
 * one deviation: `∫ φ(x - effect) Σ_{j < k} C(m, j) (1 - Φ(x))^j Φ(x)^(m-j) dx`, `k = ⌊level (m + 1)⌋`. 0 where the floor is
 * above the level.
 */
export function rankTestPower(effect: number, encoders: number, level: number): number {
  const allowed = claimableRanks(encoders, level);
  if (allowed < 1) return 0;
  const step = (2 * REACH) / POINTS;
  let power = 0;
  let total = 0;
  for (let i = 0; i < POINTS; i++) {
    const away = -REACH + (i + 0.5) * step;
    const weight = Math.exp(-(away * away) / 2);
    total += weight;
    const x = effect + away;
    power += weight * atMost(allowed - 1, encoders, normalCdf(-x, 0, 1), normalCdf(x, 0, 1));
  }
  return power / total;
}

/** Independent encoders with which such a suspect is found with that power; null where 1 000 do not do. */
export function encodersForPower(effect: number, power: number, level: number): number | null {
  // What any number of encoders would find: those above the level's quantile of the null distribution itself.
  if (normalCdf(effect - normalQuantile(1 - level, 0, 1), 0, 1) <= power) return null;
  // Power falls between the numbers at which one more rank may be claimed, so only those are looked at.
  for (let ranks = 1; ; ranks++) {
    const encoders = Math.ceil(ranks / level - ROUNDING) - 1;
    if (encoders > MOST_ENCODERS) return null;
    if (rankTestPower(effect, encoders, level) >= power) return encoders;
  }
}

/** `1 / 0.05` is not exactly 20. */
const ROUNDING = 1e-9;

/** Ranks from the top whose p is at most the level. */
function claimableRanks(encoders: number, level: number): number {
  return Math.floor(level * (encoders + 1) + ROUNDING);
}

/** `P(at most k of m)` at chance p each, `q = 1 - p`; terms one from the other, in logarithms. */
function atMost(k: number, m: number, p: number, q: number): number {
  if (p <= 0) return 1;
  if (q <= 0) return k >= m ? 1 : 0;
  let log = m * Math.log(q);
  let sum = Math.exp(log);
  for (let j = 1; j <= Math.min(k, m); j++) {
    log += Math.log((m - j + 1) / j) + Math.log(p) - Math.log(q);
    sum += Math.exp(log);
  }
  return Math.min(1, sum);
}
