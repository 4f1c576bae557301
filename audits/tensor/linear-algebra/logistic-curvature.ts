import type { DoubleMatrix } from '../../contract/data.ts';
import { inverseCholesky } from './cholesky.ts';
import { crossProduct } from './gram.ts';
import type { Preconditioner } from './lbfgs.ts';
import type { Multiplier } from './multiplier.ts';
import { mapBlocks, strideRows, type Rows } from './row-blocks.ts';
import { centerColumns, columnMeans } from './standardize.ts';

/** What a logistic regression knows of its features before the first step; does not depend on labels or penalty. */
export interface FeatureCurvature {
  readonly mean: Float64Array;
  /** Covariance of the columns `[p, p]`, or their variances `[1, p]` where rows are too few for the whole of it. */
  readonly covariance: DoubleMatrix;
}

/** Rows that show the curvature: it only steers the steps, the optimum does not depend on it. */
const ROWS_PER_COLUMN = 6;
const FEWEST_ROWS = 4096;
/** Beyond this width the factorisation costs more than it saves. */
const WIDEST = 4096;

/** Means over all rows, covariance over evenly spaced ones. Two passes. */
export async function featureCurvature(multiplier: Multiplier, features: Rows): Promise<FeatureCurvature> {
  const p = features.columns;
  const mean = await columnMeans(features);
  const wanted = Math.max(FEWEST_ROWS, ROWS_PER_COLUMN * p);
  const sample = strideRows(features, Math.max(1, Math.floor(features.rows / wanted)));
  const centred = mapBlocks(sample, p, (block) => centerColumns(block, mean));
  if (features.rows <= p || p > WIDEST) {
    const data = new Float64Array(p);
    for await (const block of centred.blocks())
      for (let i = 0, at = 0; i < block.rows; i++)
        for (let j = 0; j < p; j++) data[j] = (data[j] ?? 0) + (block.data[at++] ?? 0) ** 2 / centred.rows;
    return { mean, covariance: { data, rows: 1, columns: p } };
  }
  const gram = await crossProduct(multiplier, centred, centred);
  return {
    mean,
    covariance: { data: gram.map((value) => value / centred.rows), rows: p, columns: p },
  };
}

/**
 * Applies the inverse of `covariance / classes + l2` to every class: the Hessian at zero weights, and, up to a constant,
 * a bound on it everywhere (Böhning 1992, "Multinomial logistic regression algorithm"). Vectors are `[classes, p]` and
 * then the intercepts `[classes]`.
 */
export async function curvaturePreconditioner(
  multiplier: Multiplier,
  { covariance }: FeatureCurvature,
  classes: number,
  l2: number,
): Promise<Preconditioner> {
  const p = covariance.columns;
  const damping = l2 + RELATIVE_DAMPING * largestDiagonal(covariance) + Number.MIN_VALUE;
  if (covariance.rows === 1) {
    const inverse = covariance.data.map((variance) => 1 / (variance / classes + damping));
    return (vector) =>
      vector.map((value, at) => (at < p * classes ? value * (inverse[at % p] ?? 1) : value * classes));
  }
  const curvature = covariance.data.map((value, at) => value / classes + (at % (p + 1) === 0 ? damping : 0));
  const inverse = await inverseCholesky(multiplier, { data: curvature, rows: p, columns: p });
  return async (vector) => {
    const weights = { data: vector.slice(0, p * classes), rows: classes, columns: p };
    const half = await multiplier.matmulFloat64(weights, inverse, { transposeB: true });
    const { data } = await multiplier.matmulFloat64(half, inverse);
    const result = vector.map((value) => value * classes);
    result.set(data);
    return result;
  };
}

/** Keeps the float32 rounding of the covariance from spoiling its definiteness. */
const RELATIVE_DAMPING = 1e-6;

function largestDiagonal({ data, rows, columns }: DoubleMatrix): number {
  let largest = 0;
  for (let j = 0; j < columns; j++)
    largest = Math.max(largest, data[rows === 1 ? j : j * (columns + 1)] ?? 0);
  return largest;
}
