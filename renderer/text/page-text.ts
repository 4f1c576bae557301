import { cleanText } from '../../audits/contract/clean-text.ts';

/** A run of right-to-left text, spaces and marks within it included. */
const RIGHT_TO_LEFT =
  /[\p{Script=Hebrew}\p{Script=Arabic}\p{Script=Syriac}\p{Script=Thaana}\p{Script=Nko}](?:[\p{M}\p{Zs}\p{P}]*[\p{Script=Hebrew}\p{Script=Arabic}\p{Script=Syriac}\p{Script=Thaana}\p{Script=Nko}])*/gu;
/** Nearly every string of a result, and what needs no look at its letters. */
const PLAIN = /^[ -~]*$/;
const FIRST_STRONG_ISOLATE = '\u2068';
const POP_DIRECTIONAL_ISOLATE = '\u2069';

/**
 * A text from outside as a page shows it; right-to-left words stand isolated, so that they do not reorder numbers beside them.
 * Escaping of markup is the templates' doing.
 */
export function pageText(text: string): string {
  if (PLAIN.test(text)) return text;
  return cleanText(text).replaceAll(
    RIGHT_TO_LEFT,
    (run) => FIRST_STRONG_ISOLATE + run + POP_DIRECTIONAL_ISOLATE,
  );
}

/** The same value with every string in it as a page shows it, names of properties too. What has nothing to clean is not copied. */
export function pageTexts<T>(value: T): T {
  return cleaned(value) as T;
}

function cleaned(value: unknown): unknown {
  if (typeof value === 'string') return pageText(value);
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) {
    let copy: unknown[] | undefined;
    for (const [i, entry] of value.entries()) {
      const clean = cleaned(entry);
      if (clean !== entry) (copy ??= [...(value as unknown[])])[i] = clean;
    }
    return copy ?? value;
  }
  const entries = Object.entries(value);
  let isClean = true;
  for (const pair of entries) {
    const [key, entry] = pair;
    pair[0] = pageText(key);
    pair[1] = cleaned(entry);
    isClean &&= pair[0] === key && pair[1] === entry;
  }
  return isClean ? value : Object.fromEntries(entries);
}
