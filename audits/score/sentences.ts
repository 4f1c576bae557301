import type { Estimate } from '../contract/result.ts';

/** Numbers as the sentences of a result spell them. */

/** `83 %`, one decimal below 10 and above 90 percent. */
export function percent(fraction: number): string {
  const scaled = fraction * 100;
  // Near 0 and near 1 a tenth decides: 94.7 % is not the 95 % a policy asks for.
  const size = Math.abs(scaled);
  const text = String(Number(scaled.toFixed(size < 10 || (size > 90 && size < 100) ? 1 : 0)));
  return `${Number(text) === 0 ? '0' : text} %`;
}

/** `1.3 points` of accuracy, `1 point`. */
export function points(fraction: number): string {
  const text = trimmed(fraction * 100);
  return `${text} ${text === '1' ? 'point' : 'points'}`;
}

/** `83 % [78 %, 88 %]`, or the value with the reason why there is no interval. */
export function withInterval(
  estimate: Pick<Estimate, 'value' | 'low' | 'high'>,
  spell: (value: number) => string = percent,
): string {
  const { value, low, high } = estimate;
  return low === null || high === null
    ? `${spell(value)} (no interval)`
    : `${spell(value)} [${spell(low)}, ${spell(high)}]`;
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

function trimmed(value: number): string {
  return String(Number(value.toFixed(1)));
}
