import type { Estimate } from '../contract/result.ts';
import { intervalText, percentText, pointsText, type Rounding } from '../contract/rounding.ts';

/** Numbers as the sentences of a result spell them. */

/** `83 %`, one decimal below 10 and above 90 percent. */
export function percent(fraction: number, rounding?: Rounding): string {
  return `${percentText(fraction, rounding)} %`;
}

/** `1.3 points` of accuracy, `1 point`. */
export function points(fraction: number, rounding?: Rounding): string {
  const text = String(Number(pointsText(fraction, rounding)));
  return `${text} ${text === '1' ? 'point' : 'points'}`;
}

/** `83 % [78 %, 88 %]`, or the value with the reason why there is no interval. */
export function withInterval(
  estimate: Pick<Estimate, 'value' | 'low' | 'high'>,
  spell: (value: number, rounding?: Rounding) => string = percent,
): string {
  return `${spell(estimate.value)} ${intervalText(estimate, spell) ?? '(no interval)'}`;
}

/** `2 000`, with a thin grouping that no locale mistakes for a decimal. */
export function count(value: number): string {
  return String(Math.round(value)).replace(/\B(?=(\d{3})+(?!\d))/g, ' ');
}

/** `USD 0.20`; more decimals where the amount is tiny. */
export function dollars(amount: number): string {
  return `USD ${amount.toFixed(amount > 0 && amount < 0.01 ? 4 : 2)}`;
}

/** `a`, `a and b`, `a, b and c`. */
export function listed(words: readonly string[]): string {
  if (words.length < 2) return words[0] ?? '';
  return `${words.slice(0, -1).join(', ')} and ${words.at(-1) ?? ''}`;
}
