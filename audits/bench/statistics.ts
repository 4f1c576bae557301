/** Order statistics of timings: a mean would follow the one block in ten that something else disturbed. */

/** @throws RangeError when empty */
export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/**
 * Linear between neighbors (type 7 of Hyndman and Fan 1996, NumPy's default).
 * @param at 0 ... 1
 * @throws RangeError when empty
 */
export function quantile(values: readonly number[], at: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  const place = at * (sorted.length - 1);
  const below = sorted[Math.floor(place)];
  const above = sorted[Math.ceil(place)];
  if (below === undefined || above === undefined) throw new RangeError('there are no values');
  return below + (above - below) * (place - Math.floor(place));
}

export interface Spread {
  readonly median: number;
  readonly low: number;
  readonly high: number;
  readonly lowerQuartile: number;
  readonly upperQuartile: number;
}

/** @throws RangeError when empty */
export function spread(values: readonly number[]): Spread {
  return {
    median: median(values),
    low: quantile(values, 0),
    high: quantile(values, 1),
    lowerQuartile: quantile(values, 0.25),
    upperQuartile: quantile(values, 0.75),
  };
}

/**
 * Of the ratios round by round: what slows the machine for a while slows both sides of a round, so their ratio holds
 * where the ratio of two medians would not.
 * @param rates and `others`: work per second, one per round, in the same order
 * @throws RangeError when there is no round or the sides have not as many
 */
export function pairedRatio(rates: readonly number[], others: readonly number[]): Spread {
  if (rates.length !== others.length)
    throw new RangeError(`${rates.length} rounds cannot be paired with ${others.length}`);
  return spread(rates.map((rate, round) => rate / (others[round] ?? Number.NaN)));
}
