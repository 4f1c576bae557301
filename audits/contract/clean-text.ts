/**
 * Names and messages come from files, models and services: they are shown as text, on one line, and never decide about what
 * stands around them. For terminals, files, reports and pages alike; no Node in it, since pages carry it.
 */

/** ECMA-48: a control sequence, a control string up to its end, any other escape sequence. */
const ESCAPE_SEQUENCE =
  // oxlint-disable-next-line no-control-regex
  /(?:\u001b\[|\u009b)[0-?]*[ -/]*[@-~]|(?:\u001b[\]PX^_]|[\u0090\u0098\u009d-\u009f])[^\u0007\u001b\u009c]*(?:\u0007|\u001b\\|\u009c)|\u001b[ -/]*[0-Z\\`-~]/gu;
/**
 * C0 and C1 controls, bidirectional overrides and marks, zero-width spaces, line and paragraph separators, the byte order mark.
 * The two joiners stay: words of some scripts and many emoji are spelled with them.
 */
const UNPRINTABLE =
  // oxlint-disable-next-line no-control-regex
  /[\u0000-\u001f\u007f-\u009f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff]+/gu;
/** Nearly every text there is, and what needs no look at its letters. */
const PLAIN = /^[ -~]*$/;

/** What JSON leaves as it is and `cleanText` takes out. */
const UNPRINTABLE_IN_JSON = /[\u007f-\u009f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g;

/** Indented JSON, the same value to whoever parses it, that steers no terminal and no editor which shows it. */
export function jsonText(value: unknown): string {
  return JSON.stringify(value, null, 2).replaceAll(
    UNPRINTABLE_IN_JSON,
    (sign) => String.raw`\u${sign.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** One line of printable text: escape sequences go, other controls become one space. */
export function cleanText(text: string): string {
  if (PLAIN.test(text)) return text;
  return text.toWellFormed().replaceAll(ESCAPE_SEQUENCE, '').replaceAll(UNPRINTABLE, ' ');
}
