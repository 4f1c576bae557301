import { matrixRow, type Matrix } from '../contract/data.ts';

/** Euclidean length of each row. */
export function rowNorms(embeddings: Matrix): number[] {
  return Array.from({ length: embeddings.rows }, (_, row) => lengthOf(matrixRow(embeddings, row)));
}

export function lengthOf(vector: Float32Array): number {
  let sum = 0;
  for (const value of vector) sum += value * value;
  return Math.sqrt(sum);
}

export interface ColumnSpread {
  /** Largest less smallest value. */
  readonly range: number;
  /** Largest absolute value. */
  readonly largest: number;
  /** Over the rows, dividing by their number. */
  readonly standardDeviation: number;
}

/** How much each column varies over the rows. */
export function columnSpreads({ data, rows, columns }: Matrix): ColumnSpread[] {
  return Array.from({ length: columns }, (_, column) => {
    let minimum = Infinity;
    let maximum = -Infinity;
    let mean = 0;
    let squares = 0;
    for (let row = 0; row < rows; row++) {
      const value = data[row * columns + column] ?? 0;
      minimum = Math.min(minimum, value);
      maximum = Math.max(maximum, value);
      // Welford: no cancellation when the mean is large.
      const difference = value - mean;
      mean += difference / (row + 1);
      squares += difference * (value - mean);
    }
    return {
      range: maximum - minimum,
      largest: Math.max(Math.abs(minimum), Math.abs(maximum)),
      standardDeviation: Math.sqrt(squares / rows),
    };
  });
}

export function summaryOf(values: readonly number[]): {
  readonly mean: number;
  readonly minimum: number;
  readonly maximum: number;
} {
  if (values.length === 0) return { mean: 0, minimum: 0, maximum: 0 };
  return {
    mean: values.reduce((sum, value) => sum + value, 0) / values.length,
    minimum: Math.min(...values),
    maximum: Math.max(...values),
  };
}

/**
 * Largest difference between two matrices of one shape, in units of the largest absolute value of the first.
 * A number that is finite in only one of them counts as a full difference.
 */
export function largestRelativeDifference(a: Matrix, b: Matrix): number {
  let difference = 0;
  let largest = 0;
  for (const [i, value] of a.data.entries()) {
    const other = b.data[i] ?? 0;
    if (Number.isFinite(value) && Number.isFinite(other)) {
      difference = Math.max(difference, Math.abs(value - other));
      largest = Math.max(largest, Math.abs(value));
    } else if (!Object.is(value, other)) return 1;
  }
  return largest === 0 ? (difference > 0 ? 1 : 0) : difference / largest;
}
