import type { QueryPoint } from './result.ts';

/**
 * How numbers are rounded in every format, on a terminal and on a page. The ends of an interval are rounded outward: what is
 * printed covers what was computed, and an end printed with fewer figures is the one with more, rounded once more. Rounded to
 * the nearest neither holds, and a verdict could contradict the interval beside it.
 */

export type Rounding = 'nearest' | 'down' | 'up';

/** What is more than 2.08 is not more than 2.1. */
export const boundRounding = {
  at: 'nearest',
  'at-most': 'up',
  'more-than': 'down',
} as const satisfies Record<QueryPoint['relation'], Rounding>;

/** 0.29 as a percentage is 28.999999999999996 and is not 28. */
const TRUE_FIGURES = 13;
/** Where a fixed number of digits is printed, what is less is nothing: the same for any number of them. */
const NOTHING = 1e-12;
/** Shares below a millionth are nothing. */
const MOST_PERCENT_DIGITS = 4;

/** `0.82`; never a negative zero. */
export function fixedText(value: number, digits: number, rounding: Rounding = 'nearest'): string {
  const text = rounded(Math.abs(value) < NOTHING ? 0 : value, digits, rounding).toFixed(digits);
  return Number(text) === 0 ? (0).toFixed(digits) : text;
}

/**
 * Of a fraction, without the sign: `83`; a tenth where it decides, near 0 and near 100 (94.7 % is not the 95 % that a policy
 * asks for), and one figure of what is less than a tenth.
 */
export function percentText(fraction: number, rounding: Rounding = 'nearest'): string {
  const scaled = fraction * 100;
  const size = Math.abs(scaled);
  const digits =
    size > 0 && size < 0.1
      ? Math.min(MOST_PERCENT_DIGITS, -Math.floor(Math.log10(size)))
      : size < 10 || (size > 90 && size < 100)
        ? 1
        : 0;
  return String(Number(fixedText(scaled, digits, rounding)));
}

/** Hundredths of accuracy, from a fraction: `1.3`. */
export function pointsText(fraction: number, rounding: Rounding = 'nearest'): string {
  return fixedText(fraction * 100, 1, rounding);
}

/** So many figures, wherever they stand: `12300`, `0.0457`. */
export function significantText(value: number, figures: number, rounding: Rounding = 'nearest'): string {
  if (value === 0 || !Number.isFinite(value)) return String(value);
  if (rounding === 'nearest') return String(Number(value.toPrecision(figures)));
  const digits = figures - 1 - Math.floor(Math.log10(Math.abs(value)));
  // One figure more, for what is rounded up to the next power of ten.
  return String(Number(rounded(value, digits, rounding).toPrecision(figures + 1)));
}

/** `[0.78, 0.86]`, each end spelled as its neighbors are; null where there is no interval. */
export function intervalText(
  { low, high }: { readonly low: number | null; readonly high: number | null },
  spell: (value: number, rounding: Rounding) => string,
): string | null {
  return low === null || high === null ? null : `[${spell(low, 'down')}, ${spell(high, 'up')}]`;
}

function rounded(value: number, digits: number, rounding: Rounding): number {
  if (rounding === 'nearest') return value;
  const whole = (scaled: number): number =>
    Math[rounding === 'down' ? 'floor' : 'ceil'](Number(scaled.toPrecision(TRUE_FIGURES)));
  // Divided by a whole power of ten, which is exact, where multiplying by its inverse is not.
  return digits >= 0
    ? whole(value * 10 ** digits) / 10 ** digits
    : whole(value / 10 ** -digits) * 10 ** -digits;
}
