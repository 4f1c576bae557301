/**
 * Names and messages come from files, models and services: they are shown as text, on one line, and never decide about the
 * page around them. Escaping of markup is the templates' doing; this takes what no escaping stops.
 */

/** C0 and C1 controls, bidirectional overrides and marks, line and paragraph separators, the byte order mark. */
// oxlint-disable-next-line no-control-regex
const UNPRINTABLE = /[\u0000-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]+/gu;
/** A run of right-to-left text, spaces and marks within it included. */
const RIGHT_TO_LEFT =
  /[\p{Script=Hebrew}\p{Script=Arabic}\p{Script=Syriac}\p{Script=Thaana}\p{Script=Nko}](?:[\p{M}\p{Zs}\p{P}]*[\p{Script=Hebrew}\p{Script=Arabic}\p{Script=Syriac}\p{Script=Thaana}\p{Script=Nko}])*/gu;
/** Nearly every string of a result, and what needs no look at its letters. */
const PLAIN = /^[ -~]*$/;
const FIRST_STRONG_ISOLATE = '\u2068';
const POP_DIRECTIONAL_ISOLATE = '\u2069';

/** Printable text on one line; right-to-left words stand isolated, so that they do not reorder numbers beside them. */
export function cleanText(text: string): string {
  if (PLAIN.test(text)) return text;
  return text
    .toWellFormed()
    .replaceAll(UNPRINTABLE, ' ')
    .replaceAll(RIGHT_TO_LEFT, (run) => FIRST_STRONG_ISOLATE + run + POP_DIRECTIONAL_ISOLATE);
}

/** The same value with every string in it cleaned, names of properties too. */
export function cleanStrings<T>(value: T): T {
  return cleaned(value) as T;
}

function cleaned(value: unknown): unknown {
  if (typeof value === 'string') return cleanText(value);
  if (Array.isArray(value)) return value.map(cleaned);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, entry]) => [cleanText(key), cleaned(entry)]));
}
