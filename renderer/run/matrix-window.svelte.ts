import { placeId, type MatrixShape } from './live-matrix.ts';
import type { CellPosition } from './matrix-keys.ts';
import { drawn, offsetsOf, scrolledTo, visibleRange } from './window.ts';

/** In pixels: rows and columns are as large as these whatever stands in them, so that their places can be reckoned. */
export const matrixSizes = {
  cellWidth: 88,
  row: 40,
  title: 28,
  head: 76,
  name: { wide: 232, narrow: 148 },
  narrowBelow: 560,
  /** Room for one below the rows, so that it does not call for a second one beside them. */
  scrollbar: 16,
} as const;

/** What of the matrix lies in its frame, and which cell has the tab stop. */
export class MatrixWindow {
  width = $state(0);
  height = $state(0);
  top = $state(0);
  left = $state(0);
  /** Where the keyboard was put; `activeRow` and `activeColumn` are where it is once the matrix has changed. */
  active = $state.raw<CellPosition>({ row: -1, column: 0 });

  readonly #shape: () => MatrixShape;
  readonly rowOffsets = $derived.by(() =>
    offsetsOf(this.#shape().rows.map(({ kind }) => (kind === 'group' ? matrixSizes.title : matrixSizes.row))),
  );
  readonly columnOffsets = $derived.by(() =>
    offsetsOf(this.#shape().columns.map(() => matrixSizes.cellWidth)),
  );
  readonly nameWidth = $derived(
    this.width < matrixSizes.narrowBelow ? matrixSizes.name.narrow : matrixSizes.name.wide,
  );
  readonly #rowsHeight = $derived(Math.max(0, this.height - matrixSizes.head));
  readonly #columnsWidth = $derived(Math.max(0, this.width - this.nameWidth));
  readonly activeRow = $derived.by(() => {
    const { rows } = this.#shape();
    const isThere = rows[this.active.row]?.kind === 'defense';
    return isThere ? this.active.row : rows.findIndex(({ kind }) => kind === 'defense');
  });
  readonly activeColumn = $derived.by(() => Math.min(this.active.column, this.#shape().columns.length - 1));
  readonly rows = $derived(drawn(visibleRange(this.rowOffsets, this.top, this.#rowsHeight), this.activeRow));
  readonly columns = $derived(
    drawn(visibleRange(this.columnOffsets, this.left, this.#columnsWidth), this.activeColumn),
  );
  readonly canvasHeight = $derived(matrixSizes.head + (this.rowOffsets.at(-1) ?? 0));
  readonly canvasWidth = $derived(this.nameWidth + (this.columnOffsets.at(-1) ?? 0));
  readonly frameHeight = $derived(
    this.canvasHeight + (this.canvasWidth > this.width ? matrixSizes.scrollbar : 0),
  );
  readonly rowsPerPage = $derived(Math.max(1, Math.floor(this.#rowsHeight / matrixSizes.row) - 1));

  constructor(shape: () => MatrixShape) {
    this.#shape = shape;
  }

  placeAt({ row, column }: CellPosition): string | undefined {
    const { rows, columns } = this.#shape();
    const [at, of] = [rows[row], columns[column]];
    return at?.kind === 'defense' && of !== undefined ? placeId(at.defense, of.id) : undefined;
  }

  /** Gives a cell the tab stop and scrolls it into the frame, which says by its scroll event where it is then. */
  moveTo(position: CellPosition, frame: Pick<HTMLElement, 'scrollTop' | 'scrollLeft'>): void {
    this.active = position;
    frame.scrollTop = scrolledTo(this.rowOffsets, position.row, frame.scrollTop, this.#rowsHeight);
    frame.scrollLeft = scrolledTo(this.columnOffsets, position.column, frame.scrollLeft, this.#columnsWidth);
  }
}
