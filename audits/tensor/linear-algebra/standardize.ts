import { matrix, type Matrix, type RowBlocks } from '../../contract/data.ts';
import { asRowBlocks, mapBlocks, type Rows } from './row-blocks.ts';

/** Per-column mean and scale, learned on one set and applied to others. */
export interface Standardizer {
  readonly mean: Float64Array;
  /** Standard deviation (population); 1 for a column that does not vary. */
  readonly scale: Float64Array;
}

/** Below this share of the largest column deviation a column counts as constant: float32 rounding, not signal. */
const CONSTANT_SHARE = 1e-6;

/** Column means `[columns]`, summed in float64. Zero when there are no rows. */
export async function columnMeans(source: Rows): Promise<Float64Array> {
  const mean = new Float64Array(source.columns);
  for await (const { data, rows, columns } of asRowBlocks(source).blocks())
    for (let i = 0, at = 0; i < rows; i++)
      for (let j = 0; j < columns; j++) mean[j] = (mean[j] ?? 0) + (data[at++] ?? 0);
  if (source.rows > 0) for (let j = 0; j < mean.length; j++) mean[j] = (mean[j] ?? 0) / source.rows;
  return mean;
}

/** Learns mean and deviation of every column of `[rows, columns]`, in float64, in two passes. */
export async function fitStandardizer(source: Rows): Promise<Standardizer> {
  const mean = await columnMeans(source);
  const scale = new Float64Array(source.columns);
  for await (const { data, rows, columns } of asRowBlocks(source).blocks())
    for (let i = 0, at = 0; i < rows; i++)
      for (let j = 0; j < columns; j++) {
        const deviation = (data[at++] ?? 0) - (mean[j] ?? 0);
        scale[j] = (scale[j] ?? 0) + deviation * deviation;
      }
  for (let j = 0; j < scale.length; j++) scale[j] = Math.sqrt((scale[j] ?? 0) / Math.max(1, source.rows));
  const largest = scale.reduce((most, value) => Math.max(most, value), 0);
  const floor = CONSTANT_SHARE * largest;
  for (let j = 0; j < scale.length; j++) if (!((scale[j] ?? 0) > floor)) scale[j] = 1;
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

/** The same for rows in blocks, standardised as they are read. */
export function standardizedBlocks(standardizer: Standardizer, source: Rows): RowBlocks {
  return mapBlocks(source, source.columns, (block) => applyStandardizer(standardizer, block));
}

/** Subtracts the given column means, newly allocated. */
export function centerColumns(source: Matrix, mean: ArrayLike<number>): Matrix {
  const { data, rows, columns } = source;
  const result = new Float32Array(data.length);
  for (let i = 0; i < rows; i++)
    for (let j = 0, at = i * columns; j < columns; j++, at++) result[at] = (data[at] ?? 0) - (mean[j] ?? 0);
  return matrix(result, rows, columns);
}
