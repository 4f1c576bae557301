import { matrix, type DoubleMatrix, type Matrix } from '../../contract/data.ts';

/** A matrix in float64 without its column means. */
export function centredDouble(source: Matrix, mean: ArrayLike<number>): DoubleMatrix {
  const { rows, columns } = source;
  const data = new Float64Array(source.data.length);
  for (let i = 0, at = 0; i < rows; i++)
    for (let j = 0; j < columns; j++, at++) data[at] = (source.data[at] ?? 0) - (mean[j] ?? 0);
  return { data, rows, columns };
}

export function toFloat32({ data, rows, columns }: DoubleMatrix): Matrix {
  return matrix(Float32Array.from(data), rows, columns);
}

/** Row `i` times `factor(i)`, newly allocated. */
export function scaleRows(source: DoubleMatrix, factor: (row: number) => number): DoubleMatrix {
  const { rows, columns } = source;
  const data = new Float64Array(source.data.length);
  for (let i = 0, at = 0; i < rows; i++) {
    const scale = factor(i);
    for (let j = 0; j < columns; j++, at++) data[at] = scale * (source.data[at] ?? 0);
  }
  return { data, rows, columns };
}

/** Column `j` times `factors[j]`, newly allocated. */
export function scaleColumns(source: DoubleMatrix, factors: ArrayLike<number>): DoubleMatrix {
  const { rows, columns } = source;
  const data = new Float64Array(source.data.length);
  for (let i = 0, at = 0; i < rows; i++)
    for (let j = 0; j < columns; j++, at++) data[at] = (factors[j] ?? 0) * (source.data[at] ?? 0);
  return { data, rows, columns };
}

/** Per row, the sum over columns of `weights[column] · value²`. */
export function weightedSquares(source: DoubleMatrix, weights: ArrayLike<number>): Float64Array {
  const sums = new Float64Array(source.rows);
  for (let i = 0, at = 0; i < source.rows; i++) {
    let sum = 0;
    for (let j = 0; j < source.columns; j++, at++) sum += (weights[j] ?? 0) * (source.data[at] ?? 0) ** 2;
    sums[i] = sum;
  }
  return sums;
}
