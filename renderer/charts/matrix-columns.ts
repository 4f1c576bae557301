import { LONGEST_WHOLE_PIECE, namePieces } from '../text/name-pieces.ts';

/** A sheet of A4 between its margins, less the column of the defenses, in CSS pixels. */
const PAPER_WIDTH = 558;
/** Room for an interval, `[-0.05, 0.15]`, in the letters of a table on paper. */
const NARROWEST_COLUMN = 72;
const LETTER_WIDTH = 6.6;
const PADDING = 8;
const SPACING = 2;

/**
 * Attacks side by side, in as few blocks as paper takes without tearing a word of their names; as equal as they can be: 9 are
 * 5 and 4, not 7 and 2.
 */
export function columnBlocks(attacks: readonly string[]): readonly (readonly string[])[] {
  const widest = Math.max(...attacks.map(columnWidth), NARROWEST_COLUMN);
  const most = Math.floor(PAPER_WIDTH / (widest + SPACING));
  const count = Math.ceil(attacks.length / most);
  const size = Math.ceil(attacks.length / count);
  return Array.from({ length: count }, (_, i) => attacks.slice(i * size, (i + 1) * size));
}

function columnWidth(attack: string): number {
  const longest = Math.max(...namePieces(attack).map((piece) => piece.trimEnd().length));
  return Math.min(longest, LONGEST_WHOLE_PIECE) * LETTER_WIDTH + PADDING;
}
