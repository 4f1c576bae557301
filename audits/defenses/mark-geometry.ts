import { type Matrix, matrix, matrixRow } from '../contract/data.ts';

/** How marks are looked for in a suspect's embeddings: directions around the mean, since means of encoders lie far from 0. */

/** Rows in float64, `data[row * columns + column]`. */
export interface Rows {
  readonly data: Float64Array;
  readonly columns: number;
}

/** Embeddings of the same images, row by row. */
export interface Compared {
  /** `[rows, any width]`, compared on the leading coordinates that it shares with the others. */
  readonly suspect: Matrix;
  /** `[rows, dimension]` */
  readonly clean: Matrix;
  /** The same as the service answers them. */
  readonly marked: Matrix;
}

/**
 * How much of what marking adds to embeddings stands in a suspect's coordinates: per row the cosine between the suspect and that
 * part of the marked embedding which the clean one does not explain, in units of the marked embedding's own cosine with it. 1 for
 * the marked embeddings, 0 for the clean ones; turned or reordered coordinates give values around 0.
 * @param rows those that carry the mark
 * @param options.isLevelLess leaves out each row's mean over its coordinates, for marks that keep it whatever their key
 */
export function sharedMark(
  { suspect, clean, marked }: Compared,
  rows: readonly number[],
  { isLevelLess = false } = {},
): number {
  const width = Math.min(suspect.columns, clean.columns);
  const prepared = (source: Matrix): Rows => {
    const centered = centeredRows(source, width);
    return isLevelLess ? withoutLevels(centered) : centered;
  };
  const [seen, before, after] = [prepared(suspect), prepared(clean), prepared(marked)];
  let [found, whole] = [0, 0];
  for (const row of rows) {
    const own = rowOf(after, row);
    const added = withoutDirection(own, rowOf(before, row));
    found += cosine(rowOf(seen, row), added);
    whole += cosine(own, added);
  }
  return whole > 0 ? found / whole : 0;
}

/** Every row less its mean over the columns. */
function withoutLevels({ data, columns }: Rows): Rows {
  const rows = data.slice();
  for (let start = 0; start < rows.length; start += columns) {
    const row = rows.subarray(start, start + columns);
    const level = row.reduce((sum, value) => sum + value, 0) / columns;
    for (let i = 0; i < columns; i++) row[i] = (row[i] ?? 0) - level;
  }
  return { data: rows, columns };
}

/** Rows less the mean of all rows, the leading `width` columns of them. */
function centeredRows(source: Matrix, width: number = source.columns): Rows {
  const mean = new Float64Array(width);
  for (let row = 0; row < source.rows; row++)
    for (let i = 0; i < width; i++)
      mean[i] = (mean[i] ?? 0) + (source.data[row * source.columns + i] ?? 0) / source.rows;
  const data = new Float64Array(source.rows * width);
  for (let row = 0; row < source.rows; row++) {
    const values = matrixRow(source, row);
    for (let i = 0; i < width; i++) data[row * width + i] = (values[i] ?? 0) - (mean[i] ?? 0);
  }
  return { data, columns: width };
}

/** The same scaled to length 1; a row at the mean stays 0. */
export function centeredDirections(source: Matrix): Rows {
  const { data, columns } = centeredRows(source);
  for (let row = 0; row < source.rows; row++) {
    const values = data.subarray(row * columns, (row + 1) * columns);
    const length = norm(values);
    if (length > 0) for (let i = 0; i < columns; i++) values[i] = (values[i] ?? 0) / length;
  }
  return { data, columns };
}

/**
 * Mean cosine of some rows with a row `target`, less that of other rows: the same in every rotation, order and scale.
 * @param directions rows of length 1
 */
export function nearness(
  directions: Rows,
  rows: readonly number[],
  others: readonly number[],
  target: number,
): number {
  const toward = rowOf(directions, target);
  return meanCosine(directions, rows, toward) - meanCosine(directions, others, toward);
}

/**
 * Cosines of every row with some rows of the same matrix, `[rows, anchors.length]`: what an encoder says of images by its angles
 * alone, the same in every rotation, order and scale, and of one width for all encoders.
 */
export function likenesses(source: Matrix, anchors: readonly number[]): Matrix {
  const directions = centeredDirections(source);
  const data = new Float32Array(source.rows * anchors.length);
  for (let row = 0; row < source.rows; row++) {
    const own = rowOf(directions, row);
    anchors.forEach(
      (anchor, at) => (data[row * anchors.length + at] = inner(own, rowOf(directions, anchor))),
    );
  }
  return matrix(data, source.rows, anchors.length);
}

function meanCosine(directions: Rows, rows: readonly number[], toward: Float64Array): number {
  return rows.reduce((sum, row) => sum + inner(rowOf(directions, row), toward), 0) / Math.max(1, rows.length);
}

function rowOf(rows: Rows, row: number): Float64Array {
  return rows.data.subarray(row * rows.columns, (row + 1) * rows.columns);
}

/** What of `values` is at right angles to `direction`. */
function withoutDirection(values: Float64Array, direction: Float64Array): Float64Array {
  const square = inner(direction, direction);
  const share = square > 0 ? inner(values, direction) / square : 0;
  return values.map((value, i) => value - share * (direction[i] ?? 0));
}

function cosine(a: Float64Array, b: Float64Array): number {
  const lengths = norm(a) * norm(b);
  return lengths > 0 ? inner(a, b) / lengths : 0;
}

function inner(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i] ?? 0) * (b[i] ?? 0);
  return sum;
}

export function norm(values: Float64Array | Float32Array): number {
  let sum = 0;
  for (const value of values) sum += value * value;
  return Math.sqrt(sum);
}
