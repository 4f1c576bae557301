import { matrix, type Matrix } from '../../contract/data.ts';

/** Per-column mean and scale, learned on one set and applied to others. */
export interface Standardizer {
  readonly mean: Float64Array;
  /** Standard deviation (population); 1 for a column that does not vary. */
  readonly scale: Float64Array;
}

/** Below this share of the largest column deviation a column counts as constant: float32 rounding, not signal. */
const CONSTANT_SHARE = 1e-6;

/** Column means `[columns]` of a matrix, summed in float64. Zero for an empty matrix. */
export function columnMeans(source: Matrix): Float64Array {
  const { data, rows, columns } = source;
  const mean = new Float64Array(columns);
  for (let i = 0; i < rows; i++)
    for (let j = 0, at = i * columns; j < columns; j++, at++) mean[j] = (mean[j] ?? 0) + (data[at] ?? 0);
  if (rows > 0) for (let j = 0; j < columns; j++) mean[j] = (mean[j] ?? 0) / rows;
  return mean;
}

/** Learns mean and deviation of every column of `[rows, columns]`, in float64, in two passes. */
export function fitStandardizer(source: Matrix): Standardizer {
  const { data, rows, columns } = source;
  const mean = columnMeans(source);
  const scale = new Float64Array(columns);
  for (let i = 0; i < rows; i++)
    for (let j = 0, at = i * columns; j < columns; j++, at++) {
      const deviation = (data[at] ?? 0) - (mean[j] ?? 0);
      scale[j] = (scale[j] ?? 0) + deviation * deviation;
    }
  for (let j = 0; j < columns; j++) scale[j] = Math.sqrt((scale[j] ?? 0) / Math.max(1, rows));
  const largest = scale.reduce((most, value) => Math.max(most, value), 0);
  const floor = CONSTANT_SHARE * largest;
  for (let j = 0; j < columns; j++) if (!((scale[j] ?? 0) > floor)) scale[j] = 1;
  return { mean, scale };
}

/** `(x - mean) / scale` per column, newly allocated. @throws RangeError when the width differs. */
export function applyStandardizer(standardizer: Standardizer, source: Matrix): Matrix {
  const { mean, scale } = standardizer;
  const { data, rows, columns } = source;
  if (mean.length !== columns)
    throw new RangeError(`standardizer of ${mean.length} columns applied to a matrix of ${columns}`);
  const result = new Float32Array(data.length);
  for (let i = 0; i < rows; i++)
    for (let j = 0, at = i * columns; j < columns; j++, at++)
      result[at] = ((data[at] ?? 0) - (mean[j] ?? 0)) / (scale[j] ?? 1);
  return matrix(result, rows, columns);
}

/** Subtracts the given column means, newly allocated. */
export function centerColumns(source: Matrix, mean: ArrayLike<number> = columnMeans(source)): Matrix {
  const { data, rows, columns } = source;
  const result = new Float32Array(data.length);
  for (let i = 0; i < rows; i++)
    for (let j = 0, at = i * columns; j < columns; j++, at++) result[at] = (data[at] ?? 0) - (mean[j] ?? 0);
  return matrix(result, rows, columns);
}
