import type { SideFigures } from './result.ts';
import type { Spread } from './statistics.ts';

/** Figures as both tables show them, the terminal's and the document's. */

/** Three significant digits, as one reads a speed. */
export function formatRate(rate: number): string {
  return rate >= 100 ? rate.toFixed(0) : rate.toPrecision(3);
}

/** `0.83 (0.79-0.88)`: median, lowest and highest round. */
export function formatRatio({ median, low, high }: Spread): string {
  return `${median.toFixed(2)} (${low.toFixed(2)}-${high.toFixed(2)})`;
}

/** `1.2 GB` */
export function formatMemory(bytes: number): string {
  return bytes >= 1e9 ? `${(bytes / 1e9).toFixed(1)} GB` : `${(bytes / 1e6).toFixed(0)} MB`;
}

/** Processors taken by others beyond which a speed is not the machine's: what an idle system uses stays below. */
export const SHARED_MACHINE = 0.2;

/** `0.1`, with a mark where the machine was shared. */
export function formatOthers(processors: number): string {
  return `${processors.toFixed(1)}${processors > SHARED_MACHINE ? ' *' : ''}`;
}

/** `3e-7`, the largest relative difference of what both sides computed. */
export function formatDifference(difference: number): string {
  if (difference === 0) return '0';
  return Number.isFinite(difference) ? difference.toExponential(0) : 'differs';
}

/**
 * Losses drift apart as Adam turns the rounding of small gradients into signs of updates; what is another network
 * differs by far more.
 */
const SAME_COMPUTATION = 1e-2;

/** Whether two sides computed the same thing; null where nothing was compared. */
export function agrees({ difference }: Pick<SideFigures, 'difference'>): boolean | null {
  return difference === null ? null : difference <= SAME_COMPUTATION;
}
