import type { Matrix, RowBlocks } from '../../contract/data.ts';
import { toFloat32 } from './double-matrix.ts';
import { centredProducts } from './gram.ts';
import type { Multiplier } from './multiplier.ts';
import { mapBlocks, type Rows } from './row-blocks.ts';
import { centerColumns } from './standardize.ts';
import { eigenSymmetric } from './symmetric-eigen.ts';

/** Directions of decreasing variance of the rows of a matrix. */
export interface PrincipalAxes {
  readonly mean: Float64Array;
  /** `[axes, columns]`, one axis per row; its largest entry is positive. */
  readonly axes: Matrix;
  /** Variance along each axis, over `n - 1`. */
  readonly variances: Float64Array;
  /** Share of the total variance along each axis; 0 when nothing varies. */
  readonly shares: Float64Array;
}

/**
 * Principal components of `[n, p]` by the covariance in float64: one pass, then a `[p, p]` decomposition.
 * @param count axes wanted, all by default
 */
export async function fitPrincipalAxes(
  multiplier: Multiplier,
  source: Rows,
  count: number = source.columns,
): Promise<PrincipalAxes> {
  const { xMean: mean, product } = await centredProducts(multiplier, source, source);
  const { values, vectors } = eigenSymmetric(product);
  const kept = Math.min(count, source.columns);
  const axes = toFloat32({
    data: vectors.data.subarray(0, kept * source.columns),
    rows: kept,
    columns: source.columns,
  });
  for (let i = 0; i < kept; i++) pointForward(axes.data.subarray(i * axes.columns, (i + 1) * axes.columns));
  const total = values.reduce((sum, value) => sum + Math.max(0, value), 0);
  const positive = values.subarray(0, kept).map((value) => Math.max(0, value));
  return {
    mean,
    axes,
    variances: positive.map((value) => value / Math.max(1, source.rows - 1)),
    shares: positive.map((value) => (total > 0 ? value / total : 0)),
  };
}

/** Coordinates `[n, axes]` of rows along the axes: a shift and a rotation, so with all axes distances stay. */
export function projectOnAxes(multiplier: Multiplier, axes: PrincipalAxes, source: Matrix): Promise<Matrix> {
  return multiplier.matmul(centerColumns(source, axes.mean), axes.axes, { transposeB: true });
}

/** The same for rows in blocks, as they are read. */
export function projectedBlocks(multiplier: Multiplier, axes: PrincipalAxes, source: Rows): RowBlocks {
  return mapBlocks(source, axes.axes.rows, (block) => projectOnAxes(multiplier, axes, block));
}

/** An axis has no sign of its own: the same data should give the same one on every machine. */
function pointForward(axis: Float32Array): void {
  let largest = 0;
  for (const value of axis) if (Math.abs(value) > Math.abs(largest)) largest = value;
  if (largest < 0) for (let i = 0; i < axis.length; i++) axis[i] = -(axis[i] ?? 0);
}
