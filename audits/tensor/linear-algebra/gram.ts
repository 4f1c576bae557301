import { matrixRows, type DoubleMatrix, type Matrix } from '../../contract/data.ts';
import type { Multiplier } from './multiplier.ts';
import { pairedBlocks, type Rows } from './row-blocks.ts';

/** Centred second moments of paired rows `x [n, p]` and `y [n, d]`. */
export interface CentredProducts {
  readonly rows: number;
  readonly xMean: Float64Array;
  readonly yMean: Float64Array;
  /** `‖x - mean‖²` and `‖y - mean‖²`, over all rows and columns. */
  readonly xSquares: number;
  readonly ySquares: number;
  /** `(x - mean)ᵀ (y - mean)`, `[p, d]`; symmetric when both are the same rows. */
  readonly product: DoubleMatrix;
}

/** Columns of a Gram matrix taken together: half of the panels then need not be multiplied, as it is symmetric. */
const PANEL_COLUMNS = 512;
/** Rows per float32 product. */
const PRODUCT_ROWS = 512;

/**
 * One pass over the rows, all in float64: a Gram matrix squares the condition of its rows, so what float32 products
 * would round away is the small half of the spectrum. Rows are shifted by the mean of the first block before they are
 * multiplied and the rest of the mean is taken out at the end, so a large offset costs no digits.
 * Memory: a block and `[p, d]`, whatever the number of rows.
 */
export async function centredProducts(multiplier: Multiplier, x: Rows, y: Rows): Promise<CentredProducts> {
  const symmetric = x === y;
  const panels = symmetric ? panelsOf(x.columns) : [[0, x.columns] as const];
  const sums = panels.map(([start, end]) => zeros(end - start, symmetric ? x.columns - start : y.columns));
  let xShift: Float64Array | undefined;
  let yShift: Float64Array | undefined;
  const xSum = new Float64Array(x.columns);
  const ySum = symmetric ? xSum : new Float64Array(y.columns);
  let xSquares = 0;
  let ySquares = 0;
  for await (const [left, right] of pairedBlocks(x, y)) {
    xShift ??= blockMean(left);
    yShift ??= symmetric ? xShift : blockMean(right);
    const b = shifted(right, yShift, 0, right.columns);
    addColumns(ySum, b);
    ySquares += squares(b.data);
    if (!symmetric) {
      const a = shifted(left, xShift, 0, left.columns);
      addColumns(xSum, a);
      xSquares += squares(a.data);
      add(sums[0], await multiplier.matmulFloat64(a, b, { transposeA: true }));
      continue;
    }
    for (const [i, [start, end]] of panels.entries()) {
      const panel = panels.length === 1 ? b : shifted(left, xShift, start, end);
      const rest = start === 0 ? b : shifted(left, xShift, start, left.columns);
      add(sums[i], await multiplier.matmulFloat64(panel, rest, { transposeA: true }));
    }
  }
  const rows = x.rows;
  const mean = (sum: Float64Array): Float64Array => sum.map((value) => value / Math.max(1, rows));
  const product = symmetric ? mirrored(sums, panels, x.columns) : (sums[0] ?? zeros(x.columns, y.columns));
  const xRest = mean(xSum);
  const yRest = mean(ySum);
  for (let i = 0; i < x.columns; i++)
    for (let j = 0, at = i * y.columns; j < y.columns; j++, at++)
      product.data[at] = (product.data[at] ?? 0) - rows * (xRest[i] ?? 0) * (yRest[j] ?? 0);
  const total = (rest: Float64Array, shift: Float64Array | undefined): Float64Array =>
    rest.map((value, i) => value + (shift?.[i] ?? 0));
  ySquares -= rows * squares(yRest);
  return {
    rows,
    xMean: total(xRest, xShift),
    yMean: total(yRest, yShift),
    xSquares: symmetric ? ySquares : xSquares - rows * squares(xRest),
    ySquares,
    product,
  };
}

/**
 * `aᵀ b` for `a [n, p]`, `b [n, d]`: float32 products of row blocks, summed in float64 so that the rounding error does
 * not grow with the number of rows. Twice the speed of float64 products, for uses that need six digits.
 * @returns row-major `[p, d]`
 */
export async function crossProduct(multiplier: Multiplier, a: Rows, b: Rows): Promise<Float64Array> {
  const sum = zeros(a.columns, b.columns);
  for await (const [left, right] of pairedBlocks(a, b))
    for (let start = 0; start < left.rows; start += PRODUCT_ROWS) {
      const end = Math.min(left.rows, start + PRODUCT_ROWS);
      add(
        sum,
        await multiplier.matmul(matrixRows(left, start, end), matrixRows(right, start, end), {
          transposeA: true,
        }),
      );
    }
  return sum.data;
}

function panelsOf(columns: number): readonly (readonly [start: number, end: number])[] {
  const count = Math.max(1, Math.round(columns / PANEL_COLUMNS));
  return Array.from({ length: count }, (_, i) => [
    Math.floor((i * columns) / count),
    Math.floor(((i + 1) * columns) / count),
  ]);
}

/** The symmetric matrix of whose panels `[start, end) x [start, size)` are given. */
function mirrored(
  sums: readonly DoubleMatrix[],
  panels: readonly (readonly [number, number])[],
  size: number,
): DoubleMatrix {
  const full = zeros(size, size);
  for (const [i, [start]] of panels.entries()) {
    const panel = sums[i] ?? zeros(0, 0);
    for (let row = 0; row < panel.rows; row++)
      for (let column = row; column < panel.columns; column++) {
        const value = panel.data[row * panel.columns + column] ?? 0;
        full.data[(start + row) * size + start + column] = value;
        full.data[(start + column) * size + start + row] = value;
      }
  }
  return full;
}

function shifted(block: Matrix, shift: Float64Array, start: number, end: number): DoubleMatrix {
  const columns = end - start;
  const data = new Float64Array(block.rows * columns);
  for (let i = 0, at = 0; i < block.rows; i++)
    for (let j = start, from = i * block.columns + start; j < end; j++)
      data[at++] = (block.data[from++] ?? 0) - (shift[j] ?? 0);
  return { data, rows: block.rows, columns };
}

function blockMean(block: Matrix): Float64Array {
  const mean = new Float64Array(block.columns);
  addColumns(mean, block);
  return mean.map((value) => value / Math.max(1, block.rows));
}

function addColumns(sums: Float64Array, block: Matrix | DoubleMatrix): void {
  for (let i = 0, at = 0; i < block.rows; i++)
    for (let j = 0; j < block.columns; j++) sums[j] = (sums[j] ?? 0) + (block.data[at++] ?? 0);
}

function squares(values: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += (values[i] ?? 0) ** 2;
  return sum;
}

function add(sum: DoubleMatrix | undefined, part: Matrix | DoubleMatrix): void {
  if (sum === undefined) return;
  for (let i = 0; i < sum.data.length; i++) sum.data[i] = (sum.data[i] ?? 0) + (part.data[i] ?? 0);
}

function zeros(rows: number, columns: number): DoubleMatrix {
  return { data: new Float64Array(rows * columns), rows, columns };
}
