import tQuantile from '@stdlib/stats-base-dists-t-quantile';
import type { Estimate } from '../contract/result.ts';
import type { Rng } from '../rng.ts';
import { clipped, type Quantity } from './quantities.ts';

/**
 * 95 % intervals from few seeds and many test items.
 *
 * Replicate b stands for one way in which the audit could have come out:
 * - test items: one resample with replacement per task, the same for victim, controls, every surrogate and every
 *   seed, so that what they share (hard images) cancels in differences and ratios;
 * - seeds: the mean over seeds moves by `t_b · s / sqrt(S)`, s the deviation between seeds on the full test set,
 *   t_b a deviate of Student's t with S - 1 degrees of freedom.
 * Statistics (stolen gain, loss, protection) are computed inside each replicate from the moved means; the interval
 * holds the middle 95 % of them. With seed noise alone this is exactly the t interval; with item noise alone the
 * percentile bootstrap; mixed, it is the fiducial (Behrens-Fisher) interval, slightly wide. Resampling three seeds
 * instead would underestimate their deviation by sqrt(2/3) and ignore that it is itself uncertain: such intervals
 * hold the truth about 75 % of the time.
 */
export const REPLICATES = 1000;
/** Fewer repeats say nothing about the spread between them. */
export const FEWEST_SEEDS = 3;

const TAIL = 0.025;
const METHOD = "95 %: Student's t over seeds, bootstrap over test items (1 000 replicates)";

/** A quantity with its replicates; `draws` is null when no interval can be given, and `method` says why. */
export interface Replicated {
  readonly value: number;
  readonly draws: Float64Array | null;
  readonly seeds: number;
  readonly items: number;
  readonly method: string;
}

/** One seed's measurement: the value, and the values per test item whose mean it is. */
export interface SeedReading {
  readonly value: number;
  readonly items?: Float32Array | undefined;
}

export interface Replicator {
  /**
   * Mean over seeds with its replicates.
   * @param task names the resample of test items: equal names and lengths share it
   * @param name names the stream of seed deviates: equal names move together
   */
  mean(readings: readonly SeedReading[], task: string, name: string): Replicated;
  /** The same for something that has no seeds of its own (the victim): items alone vary. */
  fixed(readings: readonly SeedReading[], task: string): Replicated;
}

/** Equal streams give equal replicates. */
export function createReplicator(rng: Rng, replicates = REPLICATES): Replicator {
  const samples = new Map<string, Uint32Array>();
  const tables = new Map<number, Float64Array>();

  const sampleOf = (task: string, count: number): Uint32Array => {
    const key = `items/${task}/${count}`;
    const known = samples.get(key);
    if (known !== undefined) return known;
    const stream = rng.derive(key);
    const sample = new Uint32Array(replicates * count);
    for (let i = 0; i < sample.length; i++) sample[i] = Math.floor(stream.uniform() * count);
    samples.set(key, sample);
    return sample;
  };

  /** Means of resampled items, one per replicate; constant when there are no items. */
  const itemDraws = (readings: readonly SeedReading[], task: string): Float64Array => {
    const items = meanItems(readings);
    const value = meanValue(readings);
    if (items === undefined) return new Float64Array(replicates).fill(value);
    const sample = sampleOf(task, items.length);
    return Float64Array.from({ length: replicates }, (_, replicate) => {
      let sum = 0;
      const end = (replicate + 1) * items.length;
      for (let at = replicate * items.length; at < end; at++) sum += items[sample[at] ?? 0] ?? 0;
      return sum / items.length;
    });
  };

  /** A shuffle of equally spaced quantiles: the t distribution without Monte Carlo error of its own. */
  const deviates = (degrees: number, name: string): Float64Array => {
    let table = tables.get(degrees);
    if (table === undefined) {
      table = Float64Array.from({ length: replicates }, (_, i) => tQuantile((i + 0.5) / replicates, degrees));
      tables.set(degrees, table);
    }
    const sorted = table;
    return Float64Array.from(
      rng.derive(`seeds/${name}`).permutation(replicates),
      (index) => sorted[index] ?? 0,
    );
  };

  return {
    fixed: (readings, task) => ({
      value: meanValue(readings),
      draws: readings.length > 0 ? itemDraws(readings, task) : null,
      seeds: readings.length,
      items: readings[0]?.items?.length ?? 0,
      method: METHOD,
    }),
    mean(readings, task, name) {
      const seeds = readings.length;
      const summary = { value: meanValue(readings), seeds, items: readings[0]?.items?.length ?? 0 };
      if (seeds < FEWEST_SEEDS) return { ...summary, draws: null, method: tooFew(seeds) };
      const draws = itemDraws(readings, task);
      const error = deviation(readings.map(({ value }) => value)) / Math.sqrt(seeds);
      const moves = deviates(seeds - 1, name);
      for (let i = 0; i < draws.length; i++) draws[i] = (draws[i] ?? 0) + error * (moves[i] ?? 0);
      return { ...summary, draws, method: METHOD };
    },
  };
}

function tooFew(seeds: number): string {
  return `too few repeats: ${seeds} of at least ${FEWEST_SEEDS} seeds`;
}

/**
 * A statistic of several quantities, replicate by replicate; without an interval as soon as one has none.
 * Seeds and items are the smallest of any part that has seeds at all.
 */
export function combine(
  parts: readonly Replicated[],
  statistic: (values: readonly number[]) => number,
): Replicated {
  const value = statistic(parts.map((part) => part.value));
  const weakest = parts.find((part) => part.draws === null);
  const seeds = Math.min(...parts.map((part) => part.seeds));
  const items = Math.max(...parts.map((part) => part.items));
  if (weakest !== undefined) return { value, draws: null, seeds, items, method: weakest.method };
  const length = Math.min(...parts.map((part) => part.draws?.length ?? 0));
  const draws = Float64Array.from({ length }, (_, i) => statistic(parts.map((part) => part.draws?.[i] ?? 0)));
  return { value, draws, seeds, items, method: METHOD };
}

/** Bounds of the middle 95 % of the replicates. */
export function bounds(
  replicated: Replicated,
): { readonly low: number; readonly high: number } | { readonly low: null; readonly high: null } {
  const { draws } = replicated;
  if (draws === null) return { low: null, high: null };
  const sorted = draws.toSorted();
  return { low: quantileSorted(sorted, TAIL), high: quantileSorted(sorted, 1 - TAIL) };
}

/** A replicated quantity as the result prints it, its interval within what the quantity can be. */
export function toEstimate(replicated: Replicated, quantity: Quantity): Estimate {
  const { value, seeds, items, method } = replicated;
  return { value, ...clipped(bounds(replicated), quantity), unit: quantity.unit, seeds, items, method };
}

/** Quantile of ascending values by linear interpolation; infinite neighbors stay infinite. */
export function quantileSorted(sorted: Float64Array, p: number): number {
  const at = p * (sorted.length - 1);
  const below = sorted[Math.floor(at)] ?? Number.NaN;
  const above = sorted[Math.ceil(at)] ?? Number.NaN;
  return below === above ? below : below + (above - below) * (at - Math.floor(at));
}

/** Standard deviation of a sample, n - 1 in the denominator; 0 for fewer than two values. */
export function deviation(values: readonly number[]): number {
  if (values.length < 2) return 0;
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1));
}

function meanValue(readings: readonly SeedReading[]): number {
  if (readings.length === 0) return Number.NaN;
  return readings.reduce((sum, { value }) => sum + value, 0) / readings.length;
}

/** Items averaged over seeds; undefined unless every seed has the same number of them. */
function meanItems(readings: readonly SeedReading[]): Float64Array | undefined {
  const length = readings[0]?.items?.length ?? 0;
  if (length === 0 || readings.some(({ items }) => items?.length !== length)) return undefined;
  const mean = new Float64Array(length);
  for (const { items } of readings)
    for (let i = 0; i < length; i++) mean[i] = (mean[i] ?? 0) + (items?.[i] ?? 0) / readings.length;
  return mean;
}
