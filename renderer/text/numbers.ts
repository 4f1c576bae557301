import type { Estimate, QueryPoint } from '../../audits/contract/result.ts';
import {
  boundRounding,
  fixedText,
  intervalText,
  percentText,
  pointsText,
  significantText,
  type Rounding,
} from '../../audits/contract/rounding.ts';

/** Numbers as the report prints them. Groups of three stand apart by a narrow space that does not break. */

const NARROW_SPACE = '\u202f';
const NO_BREAK_SPACE = '\u00a0';
const MINUS = '\u2212';
const MS_PER_HOUR = 3_600_000;

/** In what a number is spelled. `points`: hundredths of accuracy, from a fraction. */
export type NumberStyle = 'fraction' | 'percent' | 'points' | 'count' | 'plain';

/** `12 345`. */
export function spellCount(value: number, rounding?: Rounding): string {
  return withMinus(fixedText(value, 0, rounding).replaceAll(/\B(?=(\d{3})+(?!\d))/g, NARROW_SPACE));
}

/** `0.82`; never a negative zero. */
export function spellFraction(value: number, digits = 2, rounding?: Rounding): string {
  return withMinus(fixedText(value, digits, rounding));
}

/** `83 %`; a tenth where it decides, near 0 and near 100, and one figure of what is less than a tenth. */
export function spellPercent(fraction: number, rounding?: Rounding): string {
  return `${withMinus(percentText(fraction, rounding))}${NO_BREAK_SPACE}%`;
}

/** `$12.50`; small sums keep two significant digits, large ones have no cents. */
export function spellDollars(dollars: number): string {
  if (dollars >= 1000) return `$${spellCount(dollars)}`;
  if (dollars === 0 || dollars >= 0.1) return `$${dollars.toFixed(2)}`;
  return `$${Number(dollars.toPrecision(2))}`;
}

/** `45 s`, `3 min 20 s`, `2 h 05 min`. */
export function spellDuration(milliseconds: number): string {
  const seconds = Math.round(milliseconds / 1000);
  const parts =
    milliseconds < 9950
      ? [`${(milliseconds / 1000).toFixed(1)} s`]
      : seconds < 60
        ? [`${seconds} s`]
        : seconds < 3600
          ? [`${Math.floor(seconds / 60)} min`, `${two(seconds % 60)} s`]
          : [`${spellCount(Math.floor(seconds / 3600))} h`, `${two(Math.floor((seconds % 3600) / 60))} min`];
  return parts.join(' ').replaceAll(' ', NO_BREAK_SPACE);
}

export function spellHours(hours: number): string {
  return spellDuration(hours * MS_PER_HOUR);
}

/** `1.2 MB`, powers of 1000. */
export function spellBytes(sizeBytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  const power = sizeBytes < 1 ? 0 : Math.min(units.length - 1, Math.floor(Math.log10(sizeBytes) / 3));
  const scaled = sizeBytes / 1000 ** power;
  return `${power === 0 || scaled >= 100 ? Math.round(scaled) : scaled.toFixed(1)}${NO_BREAK_SPACE}${units[power] ?? 'B'}`;
}

/** `2026-01-02 03:04 UTC`. */
export function spellTime(iso: string): string {
  return `${iso.slice(0, 10)} ${iso.slice(11, 16)} UTC`;
}

/** `1 seed`, `3 seeds`. */
export function plural(count: number, noun: string): string {
  return `${spellCount(count)}${NO_BREAK_SPACE}${noun}${count === 1 ? '' : 's'}`;
}

/** `a`, `a and b`, `a, b and c`. */
export function listed(words: readonly string[]): string {
  if (words.length < 2) return words[0] ?? '';
  return `${words.slice(0, -1).join(', ')} and ${words.at(-1) ?? ''}`;
}

/** How numbers of a unit are spelled where nothing else is asked. */
export function styleOf({ unit }: Pick<Estimate, 'unit'>): NumberStyle {
  return unit === 'count'
    ? 'count'
    : unit === 'fraction' || unit === 'cosine' || unit === 'ratio'
      ? 'fraction'
      : 'plain';
}

export function spell(value: number, style: NumberStyle, rounding?: Rounding): string {
  switch (style) {
    case 'fraction':
      return spellFraction(value, 2, rounding);
    case 'percent':
      return spellPercent(value, rounding);
    case 'points':
      return withMinus(pointsText(value, rounding));
    case 'count':
      return spellCount(value, rounding);
    case 'plain':
      return withMinus(significantText(value, 3, rounding));
  }
}

/** `[0.78, 0.86]`, its ends rounded outward; null where there is no interval. */
export function spellInterval(estimate: Estimate, style: NumberStyle = styleOf(estimate)): string | null {
  return intervalText(estimate, (value, rounding) => spell(value, style, rounding));
}

/** `0.82 [0.78, 0.86]` for sentences and text alternatives. */
export function spellEstimate(estimate: Estimate | null, style?: NumberStyle): string {
  if (estimate === null) return 'not measured';
  const used = style ?? styleOf(estimate);
  return `${spell(estimate.value, used)} ${spellInterval(estimate, used) ?? '(no interval)'}`;
}

/** `3 seeds, 2 000 test items`. */
export function spellEvidence({ seeds, items }: Pick<Estimate, 'seeds' | 'items'>): string {
  return items === 0 ? plural(seeds, 'seed') : `${plural(seeds, 'seed')}, ${plural(items, 'item')}`;
}

/** `1 829`, `at most 500`, `more than 2 000`. */
export function spellQueries({ queries, relation }: QueryPoint, rounding = boundRounding[relation]): string {
  return `${relationWords[relation]}${spellCount(queries, rounding)}`;
}

export const relationWords = {
  at: '',
  'at-most': 'at most ',
  'more-than': 'more than ',
} as const satisfies Record<QueryPoint['relation'], string>;

function two(value: number): string {
  return String(value).padStart(2, '0');
}

/** A hyphen is too short to be seen before a number. */
function withMinus(text: string): string {
  return text.startsWith('-') ? MINUS + text.slice(1) : text;
}
