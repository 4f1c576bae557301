import { bounds, quantileSorted, type Replicated } from './intervals.ts';
import type { Estimate } from '../contract/result.ts';
import { clipped, type Quantity } from './quantities.ts';

/**
 * Intervals for the worst case: the largest of several quantities (stolen gain over attacks and tasks), and the
 * quotient of two such maxima (protection).
 *
 * The quantiles of `max_i X_ib` alone would be wrong: among near-ties the maximum of noisy values lies above the
 * largest true value, and its lower quantile with it. So the two ends are found apart:
 * - upper: whichever quantity is truly the largest, its own upper bound covers it, so the largest upper bound does;
 * - lower: with c the 97.5 % quantile of `max_i (X_i - X_ib) / spread_i`, the maximum over the contenders taken
 *   inside each replicate, all true values lie above `X_i - c · spread_i` at once, so their maximum lies above
 *   the largest of these.
 */

/** Index of the largest value and the bounds of the true maximum. */
export interface Extreme {
  readonly index: number;
  readonly value: number;
  readonly low: number | null;
  readonly high: number | null;
}

interface Contender extends Replicated {
  readonly draws: Float64Array;
  readonly low: number;
  readonly high: number;
}

const TAIL = 0.025;

/** The largest of the parts; bounds are null as soon as one part has none: it might be the largest. */
export function largestOf(parts: readonly Replicated[]): Extreme | undefined {
  if (parts.length === 0) return undefined;
  let index = 0;
  parts.forEach((part, i) => {
    if (part.value > (parts[index]?.value ?? -Infinity)) index = i;
  });
  const value = parts[index]?.value ?? Number.NaN;
  const contenders = contend(parts);
  if (contenders === undefined) return { index, value, low: null, high: null };
  return {
    index,
    value,
    low: Math.max(...simultaneousLows(contenders)),
    high: Math.max(...contenders.map((part) => part.high)),
  };
}

/** An extreme as an estimate, within what the quantity can be; seeds and items of the weakest part. */
export function extremeEstimate(parts: readonly Replicated[], quantity: Quantity): Estimate | null {
  const extreme = largestOf(parts);
  if (extreme === undefined) return null;
  const unsure = parts.find((part) => part.draws === null);
  return {
    value: extreme.value,
    ...clipped({ low: extreme.low, high: extreme.high }, quantity),
    unit: quantity.unit,
    seeds: Math.min(...parts.map((part) => part.seeds)),
    items: Math.min(...parts.map((part) => part.items)),
    method:
      unsure?.method ?? `${parts[0]?.method ?? ''}${parts.length > 1 ? `, worst of ${parts.length}` : ''}`,
  };
}

/** The quotients of one task: stolen gains through a defense over stolen gains without one. */
export interface Quotients {
  readonly numerators: readonly Replicated[];
  readonly denominators: readonly Replicated[];
}

type Ratio = { readonly value: number; readonly low: number | null; readonly high: number | null };

/** `max(numerators) / max(denominators)` with bounds: `largestRatio` of a single group. */
export function ratioOfLargest(
  numerators: readonly Replicated[],
  denominators: readonly Replicated[],
): Ratio | undefined {
  return largestRatio([{ numerators, denominators }]);
}

/**
 * The largest over groups (tasks) of `max(numerators) / max(denominators)`, with bounds. Groups whose largest denominator
 * is not above zero within its interval have no quotient and are left out; undefined when none is left. Numerators below
 * zero count as zero: less than nothing cannot be stolen.
 *
 * Upper bound: dividing by any one denominator can only raise the quotient, so the one with the largest lower bound
 * serves. Lower bound: the true largest denominator of a group may be any contender, so the smallest over them counts; all
 * quotients of all groups are bounded at once.
 */
export function largestRatio(groups: readonly Quotients[]): Ratio | undefined {
  const quotients = groups.flatMap(({ numerators, denominators }) => {
    const top = largestOf(numerators);
    const bottom = largestOf(denominators);
    if (top === undefined || bottom === undefined || !(bottom.value > 0)) return [];
    if (bottom.low !== null && !(bottom.low > 0)) return [];
    return [
      {
        value: Math.max(0, top.value) / bottom.value,
        above: contend(numerators),
        below: bottom.low === null ? undefined : contend(denominators),
      },
    ];
  });
  if (quotients.length === 0) return undefined;
  const value = Math.max(...quotients.map((group) => group.value));
  const bounded = quotients.flatMap(({ above, below }) =>
    above === undefined || below === undefined ? [] : [{ above, below }],
  );
  if (bounded.length < quotients.length) return { value, low: null, high: null };
  const highs = bounded.flatMap(({ above, below }) => {
    const surest = below.reduce((best, part) => (part.low > best.low ? part : best));
    return above.map((part) => bounds(quotient(part, surest)).high ?? Infinity);
  });
  const pairs = bounded.flatMap(({ above, below }, group) =>
    below.flatMap((denominator, at) =>
      above.map((part) => ({ group, at, part: withBounds(quotient(part, denominator)) })),
    ),
  );
  const parts = pairs.flatMap(({ part }) => part ?? []);
  if (parts.length < pairs.length) return { value, low: 0, high: Math.max(...highs) };
  const lows = simultaneousLows(parts);
  const lowOf = (group: number, at: number): number =>
    Math.max(...lows.filter((_, i) => pairs[i]?.group === group && pairs[i].at === at));
  const low = Math.max(
    ...bounded.map(({ below }, group) => Math.min(...below.map((_, at) => lowOf(group, at)))),
  );
  return { value, low: Math.max(0, low), high: Math.max(...highs) };
}

function withBounds(part: Replicated): Contender | undefined {
  const { low, high } = bounds(part);
  return part.draws === null || low === null ? undefined : { ...part, draws: part.draws, low, high };
}

/** Parts which may be the largest: upper bound at least the largest lower bound. Undefined when one has no bounds. */
function contend(parts: readonly Replicated[]): readonly Contender[] | undefined {
  const bounded = parts.flatMap((part) => withBounds(part) ?? []);
  if (bounded.length < parts.length || bounded.length === 0) return undefined;
  const floor = Math.max(...bounded.map((part) => part.low));
  return bounded.filter((part) => part.high >= floor);
}

function simultaneousLows(contenders: readonly Contender[]): readonly number[] {
  const [only] = contenders;
  if (contenders.length === 1 && only !== undefined) return [only.low];
  const spreads = contenders.map((part) => Math.max(part.value - part.low, 0));
  const length = Math.min(...contenders.map((part) => part.draws.length));
  const worst = new Float64Array(length);
  for (let b = 0; b < length; b++) {
    let most = 0;
    contenders.forEach((part, i) => {
      const spread = spreads[i] ?? 0;
      if (spread > 0) most = Math.max(most, (part.value - (part.draws[b] ?? 0)) / spread);
    });
    worst[b] = most;
  }
  const factor = quantileSorted(worst.sort(), 1 - TAIL);
  return contenders.map((part, i) => part.value - factor * (spreads[i] ?? 0));
}

function quotient(numerator: Replicated, denominator: Contender): Replicated {
  const of = (a: number, b: number): number => {
    const positive = Math.max(0, a);
    return b > 0 ? positive / b : positive > 0 ? Infinity : 0;
  };
  return {
    ...numerator,
    value: of(numerator.value, denominator.value),
    draws: numerator.draws?.map((draw, i) => of(draw, denominator.draws[i] ?? 0)) ?? null,
  };
}
