import type { Matrix } from '../../contract/data.ts';
import { crossProduct, eigenSymmetric } from './gram.ts';
import type { Multiplier } from './multiplier.ts';
import { centerColumns, columnMeans } from './standardize.ts';

/** Directions of decreasing variance of the rows of a matrix. */
export interface PrincipalAxes {
  readonly mean: Float64Array;
  /** `[columns, columns]`, one axis per column. */
  readonly vectors: Matrix;
}

/** Axes of `[n, p]`; the decomposition is p x p in float64 (about 0.3 s at p = 512). */
export async function fitPrincipalAxes(multiplier: Multiplier, source: Matrix): Promise<PrincipalAxes> {
  const mean = columnMeans(source);
  const centred = centerColumns(source, mean);
  const { vectors } = eigenSymmetric(await crossProduct(multiplier, centred, centred), source.columns);
  return { mean, vectors };
}

/** Coordinates `[n, p]` of rows along the axes: a shift and a rotation, so distances stay. */
export function projectOnAxes(multiplier: Multiplier, axes: PrincipalAxes, source: Matrix): Promise<Matrix> {
  return multiplier.matmul(centerColumns(source, axes.mean), axes.vectors);
}
