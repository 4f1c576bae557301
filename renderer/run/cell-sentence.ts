import { plural, spellCount, spellFraction } from '../text/numbers.ts';
import type { FoldedCell } from './live-matrix.ts';

/** A place of the matrix in words: what a screen reader says of it, and what stands beside its curve. */
export function cellSentence(cell: FoldedCell | undefined, isAdaptive: boolean): string {
  if (cell === undefined) return 'not planned';
  const parts = [
    ...(cell.gain === null
      ? [stateWord(cell)]
      : [
          `stolen gain ${spellFraction(cell.gain)}${cell.gainBudget === null ? '' : ` at ${spellCount(cell.gainBudget)} queries`}`,
          ...(cell.running > 0 ? [`running, ${cell.percent} per cent`] : []),
        ]),
    ...(cell.total > 1 && cell.done < cell.total
      ? [`${cell.done} of ${plural(cell.total, 'cell')} done`]
      : []),
    ...(cell.failed > 0 && (cell.gain !== null || cell.total > 1) ? [`${cell.failed} failed`] : []),
    ...(isAdaptive ? ['must be faced'] : []),
  ];
  return parts.join(', ');
}

function stateWord({ state, percent }: FoldedCell): string {
  switch (state) {
    case 'running':
      return `running, ${percent} per cent`;
    case 'failed':
      return 'failed';
    case 'not-applicable':
      return 'not applicable';
    case 'not-run':
      return 'not run';
    case 'pending':
    case 'done':
      return state;
  }
}
