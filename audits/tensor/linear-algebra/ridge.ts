import { matrix, type Matrix } from '../../contract/data.ts';
import { crossProduct, eigenSymmetric } from './gram.ts';
import type { Multiplier } from './multiplier.ts';
import { centerColumns, columnMeans } from './standardize.ts';

export interface RidgeFit {
  /** `[p, d]`: `prediction = features @ weights + bias`. */
  readonly weights: Matrix;
  readonly bias: Float32Array;
  /** Penalty chosen, on the scale of `‖Y - XW‖² + lambda ‖W‖²`. */
  readonly lambda: number;
  /** Mean squared leave-one-out error per target value at `lambda`. */
  readonly looError: number;
}

/** Relative penalties: half decades around the mean eigenvalue of the Gram matrix. */
const RELATIVE_LAMBDAS = Array.from({ length: 17 }, (_, i) => 10 ** (-6 + i / 2));
/** A row that determines its own prediction leaves nothing to judge; keeps the quotient finite. */
const SMALLEST_SLACK = 1e-6;

/** The problem in the eigenbasis of its Gram matrix: everything a penalty needs in one pass. */
interface Spectrum {
  readonly values: Float64Array;
  /** Maps `[rank, d]` coefficients scaled by `1 / (s + lambda)` to weights `[p, d]`. */
  toWeights(scaled: Matrix): Promise<Matrix>;
  /** Basisᵀ targets, `[rank, d]`. */
  readonly projected: Matrix;
  /** Residuals `[n, d]` and slack `1 - h_ii` for one penalty. */
  residuals(lambda: number): Promise<{ readonly residual: Matrix; readonly slack: Float64Array }>;
}

/**
 * Ridge regression with an unpenalised intercept; the penalty by exact leave-one-out error
 * (Allen's PRESS: `e_i / (1 - h_ii)`) over a log grid from one eigen decomposition of the smaller Gram matrix.
 * @param features `[n, p]` @param targets `[n, d]`
 * @throws RangeError on fewer than two rows or differing row counts
 */
export async function fitRidge(
  multiplier: Multiplier,
  features: Matrix,
  targets: Matrix,
  options: { readonly lambdas?: readonly number[] } = {},
): Promise<RidgeFit> {
  if (features.rows !== targets.rows || features.rows < 2)
    throw new RangeError(`ridge needs two rows or more, paired: got ${features.rows} and ${targets.rows}`);
  const featureMean = columnMeans(features);
  const targetMean = columnMeans(targets);
  const x = centerColumns(features, featureMean);
  const y = centerColumns(targets, targetMean);
  const spectrum =
    x.columns <= x.rows ? await primalSpectrum(multiplier, x, y) : await dualSpectrum(multiplier, x, y);
  const meanEigenvalue = average(spectrum.values) || 1;
  const lambdas = options.lambdas ?? RELATIVE_LAMBDAS.map((relative) => relative * meanEigenvalue);

  let best = { lambda: lambdas[0] ?? meanEigenvalue, looError: Infinity };
  for (const lambda of lambdas) {
    const looError = leaveOneOutError(await spectrum.residuals(lambda));
    if (looError < best.looError) best = { lambda, looError };
  }
  const weights = await spectrum.toWeights(
    scaleRows(spectrum.projected, (j) => 1 / ((spectrum.values[j] ?? 0) + best.lambda)),
  );
  return { weights, bias: intercept(weights, featureMean, targetMean), ...best };
}

/** n >= p: `XᵀX = V S Vᵀ`, `Z = X V`; predictions `Z (S + lambda)⁻¹ Zᵀ Y`. */
async function primalSpectrum(multiplier: Multiplier, x: Matrix, y: Matrix): Promise<Spectrum> {
  const { values, vectors } = eigenSymmetric(await crossProduct(multiplier, x, x), x.columns);
  const z = await multiplier.matmul(x, vectors);
  const projected = toMatrix(await crossProduct(multiplier, z, y), x.columns, y.columns);
  return {
    values,
    projected,
    toWeights: (scaled) => multiplier.matmul(vectors, scaled),
    async residuals(lambda) {
      const inverse = (j: number): number => 1 / ((values[j] ?? 0) + lambda);
      const prediction = await multiplier.matmul(z, scaleRows(projected, inverse));
      const residual = new Float32Array(y.data.length);
      for (let i = 0; i < residual.length; i++) residual[i] = (y.data[i] ?? 0) - (prediction.data[i] ?? 0);
      const slack = weightedSquares(z, inverse).map((used) => 1 - 1 / x.rows - used);
      return { residual: matrix(residual, y.rows, y.columns), slack };
    },
  };
}

/** n < p: `X Xᵀ = U S Uᵀ`; residuals `U lambda (S + lambda)⁻¹ Uᵀ Y`, without the cancellation of `Y - prediction`. */
async function dualSpectrum(multiplier: Multiplier, x: Matrix, y: Matrix): Promise<Spectrum> {
  const gram = await multiplier.matmul(x, x, { transposeB: true });
  const { values, vectors } = eigenSymmetric(Float64Array.from(gram.data), x.rows);
  const projected = toMatrix(await crossProduct(multiplier, vectors, y), x.rows, y.columns);
  return {
    values,
    projected,
    toWeights: async (scaled) =>
      multiplier.matmul(x, await multiplier.matmul(vectors, scaled), { transposeA: true }),
    async residuals(lambda) {
      const kept = (j: number): number => lambda / ((values[j] ?? 0) + lambda);
      const residual = await multiplier.matmul(vectors, scaleRows(projected, kept));
      return { residual, slack: weightedSquares(vectors, kept).map((left) => left - 1 / x.rows) };
    },
  };
}

function leaveOneOutError(fit: { readonly residual: Matrix; readonly slack: Float64Array }): number {
  const { rows, columns, data } = fit.residual;
  let sum = 0;
  for (let i = 0; i < rows; i++) {
    const slack = Math.max(SMALLEST_SLACK, fit.slack[i] ?? 0);
    for (let j = 0, at = i * columns; j < columns; j++, at++) sum += ((data[at] ?? 0) / slack) ** 2;
  }
  return sum / data.length;
}

function intercept(weights: Matrix, featureMean: Float64Array, targetMean: Float64Array): Float32Array {
  const bias = Float64Array.from(targetMean);
  for (let i = 0; i < weights.rows; i++)
    for (let j = 0; j < weights.columns; j++)
      bias[j] = (bias[j] ?? 0) - (featureMean[i] ?? 0) * (weights.data[i * weights.columns + j] ?? 0);
  return Float32Array.from(bias);
}

/** Row `j` of the result is row `j` times `factor(j)`. */
function scaleRows(source: Matrix, factor: (row: number) => number): Matrix {
  const data = new Float32Array(source.data.length);
  for (let i = 0; i < source.rows; i++) {
    const scale = factor(i);
    for (let at = i * source.columns; at < (i + 1) * source.columns; at++)
      data[at] = scale * (source.data[at] ?? 0);
  }
  return matrix(data, source.rows, source.columns);
}

/** Per row, the sum over columns of `weight(column) * value²`. */
function weightedSquares(source: Matrix, weight: (column: number) => number): Float64Array {
  const weights = Float64Array.from({ length: source.columns }, (_, j) => weight(j));
  const sums = new Float64Array(source.rows);
  for (let i = 0; i < source.rows; i++) {
    let sum = 0;
    for (let j = 0, at = i * source.columns; j < source.columns; j++, at++)
      sum += (weights[j] ?? 0) * (source.data[at] ?? 0) ** 2;
    sums[i] = sum;
  }
  return sums;
}

function average(values: Float64Array): number {
  return values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);
}

function toMatrix(values: Float64Array, rows: number, columns: number): Matrix {
  return matrix(Float32Array.from(values), rows, columns);
}
