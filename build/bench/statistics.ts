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
