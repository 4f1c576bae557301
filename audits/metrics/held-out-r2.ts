import { matrix, type Matrix } from '../contract/data.ts';

/**
 * Share of the variance of `wanted [n, d]` that `predicted [n, d]` explains: `1 - Σ‖y - ŷ‖² / Σ‖y - ȳ‖²`, all columns
 * together (the variance-weighted R² of scikit-learn). 1: exact; 0: no better than the mean; below 0: worse. 0 for
 * targets that do not vary.
 * @throws RangeError when the shapes differ
 */
export function explainedShare(wanted: Matrix, predicted: Matrix): number {
  const { rows, columns } = wanted;
  if (predicted.rows !== rows || predicted.columns !== columns)
    throw new RangeError(`predicted ${predicted.rows} x ${predicted.columns} of ${rows} x ${columns}`);
  let residual = 0;
  let total = 0;
  for (let column = 0; column < columns; column++) {
    let sum = 0;
    for (let at = column; at < wanted.data.length; at += columns) sum += wanted.data[at] ?? 0;
    const mean = sum / rows;
    for (let at = column; at < wanted.data.length; at += columns) {
      const value = wanted.data[at] ?? 0;
      residual += (value - (predicted.data[at] ?? 0)) ** 2;
      total += (value - mean) ** 2;
    }
  }
  return total > 0 ? 1 - residual / total : 0;
}

/** The same rows with zero columns behind them: embeddings of different widths in one space. */
export function padColumns(source: Matrix, columns: number): Matrix {
  if (source.columns >= columns) return source;
  const data = new Float32Array(source.rows * columns);
  for (let row = 0; row < source.rows; row++)
    data.set(source.data.subarray(row * source.columns, (row + 1) * source.columns), row * columns);
  return matrix(data, source.rows, columns);
}
