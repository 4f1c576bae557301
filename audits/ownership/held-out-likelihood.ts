import { matrix, selectRows, type Matrix } from '../contract/data.ts';
import type { Engine } from '../contract/engine.ts';
import type { Rng } from '../rng.ts';
import { normalizeRows } from '../tensor/linear-algebra/cosine-neighbors.ts';
import {
  fitPrincipalAxes,
  projectOnAxes,
  type PrincipalAxes,
} from '../tensor/linear-algebra/principal-axes.ts';
import { fitGaussianMixture, logDensities, type CovarianceShape } from './gaussian-mixture.ts';

/**
 * Dataset inference that works on encoders (Dziedzic et al., NeurIPS 2022): a mixture is fitted to the suspect's embeddings of
 * one half of the private images; if the other half is likelier under it than public images are, the suspect has treated
 * private and public images differently, as an encoder does that was trained on the private ones or copied from such a one.
 */

export interface LikelihoodOptions {
  readonly components: number;
  readonly covariance: CovarianceShape;
  /**
   * Principal axes of the fitted half that the mixture lives on. On them a diagonal covariance does not depend on the
   * coordinates in which a suspect answers. 0: the coordinates as they are.
   */
  readonly axes: number;
}

export interface HeldOutLikelihoods {
  /** Log-density of each private image that was not fitted, in nats. */
  readonly private: Float64Array;
  /** The same of each public image. */
  readonly public: Float64Array;
  readonly fittedRows: number;
  readonly axes: number;
}

/** Axes with less than this share of the variance are rounding: padded or dead coordinates. */
const SMALLEST_AXIS = 1e-9;

/**
 * @param privateRows `[n, dimension]`, n >= 4 @param publicRows `[m, dimension]`
 * @param rng draws the halves and the start of the mixture
 */
export async function heldOutLikelihoods(
  engine: Pick<Engine, 'matmul' | 'matmulFloat64'>,
  privateRows: Matrix,
  publicRows: Matrix,
  rng: Rng,
  { components, covariance, axes }: LikelihoodOptions,
): Promise<HeldOutLikelihoods> {
  const order = rng.derive('halves').permutation(privateRows.rows);
  const half = Math.floor(order.length / 2);
  const fitted = normalizeRows(selectRows(privateRows, order.subarray(0, half)));
  const held = normalizeRows(selectRows(privateRows, order.subarray(half)));
  const strangers = normalizeRows(publicRows);
  const found = axes > 0 ? await significantAxes(engine, fitted, axes) : undefined;
  const onAxes = async (rows: Matrix): Promise<Matrix> =>
    found === undefined ? rows : projectOnAxes(engine, found, rows);
  const mixture = await fitGaussianMixture(engine, await onAxes(fitted), rng.derive('mixture'), {
    components,
    covariance,
  });
  return {
    private: await logDensities(engine, mixture, await onAxes(held)),
    public: await logDensities(engine, mixture, await onAxes(strangers)),
    fittedRows: half,
    axes: mixture.means.columns,
  };
}

async function significantAxes(
  engine: Pick<Engine, 'matmul' | 'matmulFloat64'>,
  rows: Matrix,
  most: number,
): Promise<PrincipalAxes> {
  const found = await fitPrincipalAxes(engine, rows, Math.min(most, rows.columns));
  const kept = Math.max(1, found.shares.filter((share) => share > SMALLEST_AXIS).length);
  const { columns } = found.axes;
  return {
    ...found,
    axes: matrix(found.axes.data.subarray(0, kept * columns), kept, columns),
    variances: found.variances.subarray(0, kept),
    shares: found.shares.subarray(0, kept),
  };
}
