import type { DoubleMatrix, Matrix } from '../../contract/data.ts';
import { centredDouble, scaleColumns, scaleRows, toFloat32, weightedSquares } from './double-matrix.ts';
import { centredProducts } from './gram.ts';
import { LOW_RANK_SHARE, WIDE_COLUMNS, leadingEigen } from './leading-eigen.ts';
import type { Multiplier } from './multiplier.ts';
import { pairedBlocks, readAllRows, strideRows, type Rows } from './row-blocks.ts';
import { columnMeans } from './standardize.ts';
import { eigenSymmetric, type SymmetricEigen } from './symmetric-eigen.ts';

export interface RidgeFit {
  /** `[p, d]`: `prediction = features @ weights + bias`. */
  readonly weights: Matrix;
  readonly bias: Float32Array;
  /** Penalty chosen, on the scale of `‖Y - XW‖² + lambda ‖W‖²`. */
  readonly lambda: number;
  /** Mean squared leave-one-out error per target value at `lambda`, over the judged rows. */
  readonly looError: number;
}

/** Relative penalties: half decades around the mean eigenvalue of the Gram matrix. */
const RELATIVE_LAMBDAS = Array.from({ length: 17 }, (_, i) => 10 ** (-6 + i / 2));
/** A row that determines its own prediction leaves nothing to judge; keeps the quotient finite. */
const SMALLEST_SLACK = 1e-6;
/**
 * Rows whose leave-one-out errors choose the penalty, evenly spaced where there are more. Each error is exact and uses
 * the fit on all other rows; only their mean is taken over fewer, and all penalties are judged on the same ones.
 */
const JUDGED_ROWS = 32_768;

/** What is left of the problem once it is seen in the eigenbasis of its Gram matrix. */
interface Solution {
  readonly values: Float64Array;
  /** Summed squared leave-one-out errors per penalty, and over how many target values. */
  judge(lambdas: readonly number[]): Promise<{ readonly sums: Float64Array; readonly count: number }>;
  weights(lambda: number): Promise<DoubleMatrix>;
}

interface Means {
  readonly features: Float64Array;
  readonly targets: Float64Array;
}

/**
 * Ridge regression with an unpenalised intercept; the penalty by exact leave-one-out error
 * (Allen's PRESS: `e_i / (1 - h_ii)`) over a log grid from one eigen decomposition of the smaller Gram matrix.
 * All in float64. Four passes over the rows; memory: a block and `[p, p + d]`.
 * @param features `[n, p]` @param targets `[n, d]`
 * @throws RangeError on fewer than two rows or differing row counts
 */
export async function fitRidge(
  multiplier: Multiplier,
  features: Rows,
  targets: Rows,
  options: { readonly lambdas?: readonly number[]; readonly judgedRows?: number } = {},
): Promise<RidgeFit> {
  if (features.rows !== targets.rows || features.rows < 2)
    throw new RangeError(`ridge needs two rows or more, paired: got ${features.rows} and ${targets.rows}`);
  const wide = features.columns > features.rows;
  const { means, solution } = wide
    ? await rowSolution(multiplier, await readAllRows(features), await readAllRows(targets))
    : await columnSolution(multiplier, features, targets, options.judgedRows ?? JUDGED_ROWS);
  const meanEigenvalue = average(solution.values) || 1;
  const lambdas = options.lambdas ?? RELATIVE_LAMBDAS.map((relative) => relative * meanEigenvalue);
  const { sums, count } = await solution.judge(lambdas);
  let best = 0;
  for (let i = 1; i < lambdas.length; i++) if ((sums[i] ?? Infinity) < (sums[best] ?? Infinity)) best = i;
  const lambda = lambdas[best] ?? meanEigenvalue;
  const weights = await solution.weights(lambda);
  return {
    weights: toFloat32(weights),
    bias: intercept(weights, means),
    lambda,
    looError: (sums[best] ?? Infinity) / count,
  };
}

/** n >= p: `XᵀX = Vᵀ S V`, `Z = X Vᵀ`; predictions `Z (S + lambda)⁻¹ Zᵀ Y`. */
async function columnSolution(
  multiplier: Multiplier,
  features: Rows,
  targets: Rows,
  judgedRows: number,
): Promise<{ readonly means: Means; readonly solution: Solution }> {
  const gram = await centredProducts(multiplier, features, features);
  const cross = await centredProducts(multiplier, features, targets);
  const { values, vectors } = await eigenbasis(multiplier, gram.product);
  const projected = await multiplier.matmulFloat64(vectors, cross.product);
  const means = { features: gram.xMean, targets: cross.yMean };
  const inverse = (lambda: number): Float64Array => values.map((value) => 1 / (Math.max(0, value) + lambda));
  return {
    means,
    solution: {
      values,
      async judge(lambdas) {
        const sums = new Float64Array(lambdas.length);
        const stride = Math.ceil(features.rows / judgedRows);
        let count = 0;
        for await (const [x, y] of pairedBlocks(strideRows(features, stride), strideRows(targets, stride))) {
          const z = await multiplier.matmulFloat64(centredDouble(x, means.features), vectors, {
            transposeB: true,
          });
          const wanted = centredDouble(y, means.targets);
          count += wanted.data.length;
          for (const [i, lambda] of lambdas.entries()) {
            const shares = inverse(lambda);
            const predicted = await multiplier.matmulFloat64(scaleColumns(z, shares), projected);
            const slack = weightedSquares(z, shares).map((used) => 1 - 1 / features.rows - used);
            sums[i] = (sums[i] ?? 0) + leaveOneOutSquares(wanted, predicted, slack);
          }
        }
        return { sums, count };
      },
      async weights(lambda) {
        const shares = inverse(lambda);
        return multiplier.matmulFloat64(
          vectors,
          scaleRows(projected, (row) => shares[row] ?? 0),
          {
            transposeA: true,
          },
        );
      },
    },
  };
}

/** Directions in which nothing varies have the value 0 and no vector where there are many of them: they take no part in a fit. */
async function eigenbasis(multiplier: Multiplier, gram: DoubleMatrix): Promise<SymmetricEigen> {
  const found =
    gram.rows < WIDE_COLUMNS
      ? undefined
      : await leadingEigen(multiplier, gram, Math.floor(gram.rows * LOW_RANK_SHARE));
  if (found === undefined) return eigenSymmetric(gram);
  const values = new Float64Array(gram.rows);
  values.set(found.values);
  return { values, vectors: found.vectors };
}

/** n < p: `X Xᵀ = Uᵀ S U`; residuals `Uᵀ lambda (S + lambda)⁻¹ U Y`, without the cancellation of `Y - prediction`. */
async function rowSolution(
  multiplier: Multiplier,
  features: Matrix,
  targets: Matrix,
): Promise<{ readonly means: Means; readonly solution: Solution }> {
  const means = { features: await columnMeans(features), targets: await columnMeans(targets) };
  const x = centredDouble(features, means.features);
  const y = centredDouble(targets, means.targets);
  const gram = await multiplier.matmulFloat64(x, x, { transposeB: true });
  const { values, vectors } = eigenSymmetric(gram);
  const projected = await multiplier.matmulFloat64(vectors, y);
  const zero = { data: new Float64Array(y.data.length), rows: y.rows, columns: y.columns };
  return {
    means,
    solution: {
      values,
      async judge(lambdas) {
        const sums = new Float64Array(lambdas.length);
        for (const [i, lambda] of lambdas.entries()) {
          const kept = values.map((value) => lambda / (Math.max(0, value) + lambda));
          const residual = await multiplier.matmulFloat64(
            vectors,
            scaleRows(projected, (row) => kept[row] ?? 0),
            { transposeA: true },
          );
          const slack = new Float64Array(x.rows).fill(-1 / x.rows);
          for (let row = 0, at = 0; row < x.rows; row++)
            for (let column = 0; column < x.rows; column++, at++)
              slack[column] = (slack[column] ?? 0) + (kept[row] ?? 0) * (vectors.data[at] ?? 0) ** 2;
          sums[i] = leaveOneOutSquares(residual, zero, slack);
        }
        return { sums, count: y.data.length };
      },
      async weights(lambda) {
        const solved = scaleRows(projected, (row) => 1 / (Math.max(0, values[row] ?? 0) + lambda));
        const dual = await multiplier.matmulFloat64(vectors, solved, { transposeA: true });
        return multiplier.matmulFloat64(x, dual, { transposeA: true });
      },
    },
  };
}

function leaveOneOutSquares(wanted: DoubleMatrix, predicted: DoubleMatrix, slack: Float64Array): number {
  let sum = 0;
  for (let i = 0, at = 0; i < wanted.rows; i++) {
    const left = Math.max(SMALLEST_SLACK, slack[i] ?? 0);
    for (let j = 0; j < wanted.columns; j++, at++)
      sum += (((wanted.data[at] ?? 0) - (predicted.data[at] ?? 0)) / left) ** 2;
  }
  return sum;
}

function intercept(weights: DoubleMatrix, means: Means): Float32Array {
  const bias = Float64Array.from(means.targets);
  for (let i = 0, at = 0; i < weights.rows; i++)
    for (let j = 0; j < weights.columns; j++, at++)
      bias[j] = (bias[j] ?? 0) - (means.features[i] ?? 0) * (weights.data[at] ?? 0);
  return Float32Array.from(bias);
}

function average(values: Float64Array): number {
  return values.reduce((sum, value) => sum + Math.max(0, value), 0) / Math.max(1, values.length);
}
