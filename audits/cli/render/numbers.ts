import type { Estimate } from '../../contract/result.ts';
import { fixedText, intervalText, pointsText, type Rounding } from '../../contract/rounding.ts';

export { formatBytes } from '../../report/format-bytes.ts';

/** Numbers as people read them: thousands apart, a unit, an interval where there is one. */

/** `12 345`. */
export function formatCount(value: number, rounding?: Rounding): string {
  return fixedText(value, 0, rounding).replaceAll(/\B(?=(\d{3})+(?!\d))/g, ' ');
}

/** `0.82`, never `-0.00`. */
export function formatFraction(value: number, digits = 2, rounding?: Rounding): string {
  return fixedText(value, digits, rounding);
}

/** `0.82 [0.78, 0.86]`; without an interval it says how many seeds there were. */
export function formatEstimate(estimate: Estimate | null): string {
  if (estimate === null) return 'not measured';
  const value = formatFraction(estimate.value);
  const interval = formatInterval(estimate);
  return interval === null ? `${value} (${seeds(estimate.seeds)})` : `${value} ${interval}`;
}

/** `[0.78, 0.86]`, or null when the estimate has none. */
export function formatInterval(estimate: Estimate): string | null {
  return intervalText(estimate, (value, rounding) => formatFraction(value, 2, rounding));
}

/** Loss of accuracy in points: `0.8 [0.1, 1.5]`. */
export function formatPoints(estimate: Estimate | null): string {
  if (estimate === null) return 'not measured';
  const interval = intervalText(estimate, pointsText);
  return `${pointsText(estimate.value)}${interval === null ? '' : ` ${interval}`}`;
}

/** `$12.50`; small sums keep two significant digits. */
export function formatDollars(dollars: number): string {
  if (dollars === 0 || dollars >= 0.1) return `$${dollars.toFixed(2)}`;
  return `$${Number(dollars.toPrecision(2))}`;
}

/** `45 s`, `3 min 20 s`, `2 h 05 min`. */
export function formatDuration(milliseconds: number): string {
  const seconds = Math.round(milliseconds / 1000);
  if (seconds < 60) return milliseconds < 9950 ? `${(milliseconds / 1000).toFixed(1)} s` : `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${two(seconds % 60)} s`;
  const minutes = Math.round(seconds / 60);
  return `${Math.floor(minutes / 60)} h ${two(minutes % 60)} min`;
}

/** A guess is not spelled to the second: `under a minute`, `about 4 min`, `about 2.5 h`. */
export function formatEstimatedTime(milliseconds: number): string {
  const minutes = milliseconds / 60_000;
  if (minutes < 1) return 'under a minute';
  if (minutes < 90) return `about ${Math.round(minutes)} min`;
  return `about ${(minutes / 60).toFixed(1)} h`;
}

/** `1 seed`, `3 seeds`. */
export function plural(count: number, noun: string): string {
  return `${formatCount(count)} ${noun}${count === 1 ? '' : 's'}`;
}

function seeds(count: number): string {
  return `${plural(count, 'seed')}, no interval`;
}

function two(value: number): string {
  return String(value).padStart(2, '0');
}
