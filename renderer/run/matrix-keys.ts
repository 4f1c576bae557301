import type { MatrixRow } from './live-matrix.ts';

/** A cell by its numbers in the matrix; titles of families are rows too, and no cell's. */
export interface CellPosition {
  readonly row: number;
  readonly column: number;
}

export interface KeyedGrid {
  readonly rows: readonly Pick<MatrixRow, 'kind'>[];
  readonly columns: number;
  /** Rows that a page key moves over. */
  readonly page: number;
}

/** Where a key leads from a cell, within the matrix and over the titles of families; null for a key that moves nothing. */
export function positionAfterKey(
  { key, ctrlKey }: Pick<KeyboardEvent, 'key' | 'ctrlKey'>,
  { row, column }: CellPosition,
  { rows, columns, page }: KeyedGrid,
): CellPosition | null {
  const last = { row: rows.length - 1, column: columns - 1 };
  /** The next defense from a row on; where there is none, the keyboard stays. */
  const defenseFrom = (start: number, step: 1 | -1): number => {
    for (let at = start; at >= 0 && at <= last.row; at += step) if (rows[at]?.kind === 'defense') return at;
    return row;
  };
  const ends: Readonly<Record<string, CellPosition>> = {
    Home: { row: defenseFrom(0, 1), column: 0 },
    End: { row: defenseFrom(last.row, -1), column: last.column },
  };
  const steps: Readonly<Record<string, CellPosition>> = {
    ArrowDown: { row: defenseFrom(row + 1, 1), column },
    ArrowUp: { row: defenseFrom(row - 1, -1), column },
    ArrowRight: { row, column: Math.min(last.column, column + 1) },
    ArrowLeft: { row, column: Math.max(0, column - 1) },
    Home: { row, column: 0 },
    End: { row, column: last.column },
    PageDown: { row: defenseFrom(Math.min(last.row, row + page), -1), column },
    PageUp: { row: defenseFrom(Math.max(0, row - page), 1), column },
  };
  return (ctrlKey ? ends : steps)[key] ?? null;
}
