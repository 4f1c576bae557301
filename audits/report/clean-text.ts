import { stripVTControlCharacters } from 'node:util';

/** C0 and C1 controls, bidirectional overrides and marks, line and paragraph separators, the byte order mark. */
// oxlint-disable-next-line no-control-regex
const UNPRINTABLE = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]+/gu;

/** One line of printable text: escape sequences go, other controls become one space. */
export function cleanText(text: string): string {
  return stripVTControlCharacters(text.toWellFormed()).replaceAll(UNPRINTABLE, ' ');
}
