import type { Unit } from '../contract/cell.ts';

/** What a number is of: its unit, and the least and the most that it can be at all. */
export interface Quantity {
  readonly unit: Unit;
  readonly least: number;
  readonly most: number;
}

export const quantities = {
  /** Accuracies, recalls, rates, overlaps: parts of a whole. */
  share: { unit: 'fraction', least: 0, most: 1 },
  /** One share less another, as what honest users lose. */
  difference: { unit: 'fraction', least: -1, most: 1 },
  cosine: { unit: 'cosine', least: -1, most: 1 },
  /** R²: 1 at best, below 0 where the mean would have done better. */
  determination: { unit: 'fraction', least: -Infinity, most: 1 },
  /** One share over another. */
  quotient: { unit: 'ratio', least: 0, most: Infinity },
  distance: { unit: 'none', least: 0, most: Infinity },
  count: { unit: 'count', least: 0, most: Infinity },
  /** Stolen gain and whatever else is measured from a baseline: it may leave 0 to 1. */
  ratio: unbounded('ratio'),
} as const satisfies Record<string, Quantity>;

export function unbounded(unit: Unit): Quantity {
  return { unit, least: -Infinity, most: Infinity };
}

/** An interval without the values that the quantity cannot have: a t interval over seeds knows nothing of them. */
export function clipped<Interval extends { readonly low: number | null; readonly high: number | null }>(
  interval: Interval,
  { least, most }: Quantity,
): Interval {
  const within = (end: number | null): number | null =>
    end === null ? null : Math.min(most, Math.max(least, end));
  return { ...interval, low: within(interval.low), high: within(interval.high) };
}
