import stringWidth from 'string-width';

export { cleanText } from '../../contract/clean-text.ts';

/** Text for terminals: whatever came from a file name, a model or an error is cleaned before it is shown. */

/** Columns under which hanging text is a ladder of single words. */
const NARROWEST_HANGING = 16;
/** A space, but not inside a number (`1 000`) or between one and its percent sign. */
const breakable = / (?!%)(?!(?<=\d )\d{3}(?!\d))/;
const segmenter = new Intl.Segmenter('en', { granularity: 'grapheme' });

/** Columns that a string takes on a terminal; escape sequences take none. */
export function textWidth(text: string): number {
  return stringWidth(text);
}

/** At most `columns` wide, ending in `…` when something was cut. For unstyled text. */
export function truncateText(text: string, columns: number): string {
  if (textWidth(text) <= columns) return text;
  if (columns < 1) return '';
  return `${takeColumns(text, columns - 1)}…`;
}

/** Keeps both ends of a long name: the beginning says what, the end says which. For unstyled text. */
export function shortenMiddle(text: string, columns: number): string {
  if (textWidth(text) <= columns || columns < 5) return truncateText(text, columns);
  const tailColumns = Math.floor((columns - 1) / 2);
  const graphemes = [...segmenter.segment(text)].map((part) => part.segment).reverse();
  let tail = '';
  for (const grapheme of graphemes) {
    if (textWidth(grapheme + tail) > tailColumns) break;
    tail = grapheme + tail;
  }
  return `${takeColumns(text, columns - 1 - textWidth(tail))}…${tail}`;
}

/** Lines no wider than `columns`, broken at spaces where possible, inside a word only when it is too long. */
export function wrapText(text: string, columns: number): readonly string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(breakable)) {
    const longer = line === '' ? word : `${line} ${word}`;
    if (textWidth(longer) <= columns) {
      line = longer;
      continue;
    }
    if (line !== '') lines.push(line);
    const pieces = breakWord(word, columns);
    lines.push(...pieces.slice(0, -1));
    line = pieces.at(-1) ?? '';
  }
  lines.push(line);
  return lines;
}

/** `text` wrapped behind `first`, further lines under the first; where that leaves no room, below `first`. */
export function hangingText(first: string, text: string, columns: number): readonly string[] {
  const indent = textWidth(first);
  if (columns - indent < NARROWEST_HANGING)
    return [first.trimEnd(), ...wrapText(text, columns - 4).map((line) => `    ${line}`)];
  return wrapText(text, columns - indent).map((line, i) => (i === 0 ? first : ' '.repeat(indent)) + line);
}

/** Fills with spaces on the right up to `columns`; styled text is measured without its escapes. */
export function padText(text: string, columns: number): string {
  return text + ' '.repeat(Math.max(0, columns - textWidth(text)));
}

function takeColumns(text: string, columns: number): string {
  let taken = '';
  for (const { segment } of segmenter.segment(text)) {
    if (textWidth(taken + segment) > columns) break;
    taken += segment;
  }
  return taken;
}

/** Breaks a word that is wider than a line, after punctuation where that leaves a fair part of the line filled. */
function breakWord(word: string, columns: number): string[] {
  const pieces: string[] = [];
  let rest = word;
  while (textWidth(rest) > columns) {
    const most = takeColumns(rest, columns);
    if (most === '') break;
    const at = most.search(/[:+/=,_-][^:+/=,_-]*$/) + 1;
    const head = at > most.length / 3 ? most.slice(0, at) : most;
    pieces.push(head);
    rest = rest.slice(head.length);
  }
  pieces.push(rest);
  return pieces;
}
