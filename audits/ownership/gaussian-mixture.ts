import type { DoubleMatrix, Matrix } from '../contract/data.ts';
import type { Engine } from '../contract/engine.ts';
import type { Rng } from '../rng.ts';
import { inverseCholesky } from '../tensor/linear-algebra/cholesky.ts';
import { kMeans } from '../tensor/linear-algebra/k-means.ts';

/**
 * Gaussian mixtures by expectation maximisation (Dempster, Laird, Rubin 1977) from a k-means start, in float64. Products go
 * through the engine. Written here because no kept library of this platform fits mixtures.
 */

export type CovarianceShape = 'diagonal' | 'full';

export interface GaussianMixture {
  readonly shape: CovarianceShape;
  /** `[components]`, sum 1. */
  readonly weights: Float64Array;
  /** `[components, columns]` */
  readonly means: DoubleMatrix;
  /** Per component: variances `[1, columns]` or the covariance `[columns, columns]`. */
  readonly covariances: readonly DoubleMatrix[];
  /** Mean log-density of the rows it was fitted to, in nats. */
  readonly logLikelihood: number;
  readonly iterations: number;
  readonly converged: boolean;
}

export interface MixtureOptions {
  readonly components: number;
  readonly covariance: CovarianceShape;
  readonly maxIterations?: number;
}

type Multiplier = Pick<Engine, 'matmul' | 'matmulFloat64'>;

/** As scikit-learn: added to every variance, so that a component on few rows does not collapse. Rows have length about 1. */
const REGULARIZATION = 1e-6;
/** Change of the mean log-density, in nats, that ends the iterations; scikit-learn's default. */
const TOLERANCE = 1e-3;
const MOST_ITERATIONS = 100;
/** A component that lost all its rows keeps this much of one, and with it its place. */
const SMALLEST_SHARE = 1e-10;

/** @throws RangeError unless `1 <= components <= rows` */
export async function fitGaussianMixture(
  multiplier: Multiplier,
  rows: Matrix,
  rng: Rng,
  { components, covariance, maxIterations = MOST_ITERATIONS }: MixtureOptions,
): Promise<GaussianMixture> {
  const { assignments } = await kMeans(multiplier, rows, components, rng);
  const x = toDouble(rows);
  let shares: DoubleMatrix = {
    data: new Float64Array(rows.rows * components),
    rows: rows.rows,
    columns: components,
  };
  assignments.forEach((cluster, row) => (shares.data[row * components + cluster] = 1));
  let mixture = await maximise(multiplier, x, shares, covariance);
  let likelihood = -Infinity;
  for (let iterations = 1; ; iterations++) {
    const expected = await expect(multiplier, mixture, x);
    const converged = Math.abs(expected.logLikelihood - likelihood) < TOLERANCE;
    likelihood = expected.logLikelihood;
    if (converged || iterations >= maxIterations)
      return { ...mixture, logLikelihood: likelihood, iterations, converged };
    shares = expected.shares;
    mixture = await maximise(multiplier, x, shares, covariance);
  }
}

/** Log-density of every row `[rows]`, in nats. @throws RangeError when the width differs */
export async function logDensities(
  multiplier: Multiplier,
  mixture: GaussianMixture,
  rows: Matrix,
): Promise<Float64Array> {
  if (rows.columns !== mixture.means.columns)
    throw new RangeError(`rows of ${rows.columns} columns under a mixture of ${mixture.means.columns}`);
  return (await expect(multiplier, mixture, toDouble(rows))).densities;
}

type Parameters = Omit<GaussianMixture, 'logLikelihood' | 'iterations' | 'converged'>;

interface Expectation {
  /** `[rows, components]` probability of each component given the row. */
  readonly shares: DoubleMatrix;
  readonly densities: Float64Array;
  readonly logLikelihood: number;
}

async function expect(multiplier: Multiplier, mixture: Parameters, x: DoubleMatrix): Promise<Expectation> {
  const components = mixture.weights.length;
  const logs =
    mixture.shape === 'diagonal'
      ? await diagonalLogs(multiplier, mixture, x)
      : await fullLogs(multiplier, mixture, x);
  const densities = new Float64Array(x.rows);
  for (let row = 0; row < x.rows; row++) {
    const own = logs.subarray(row * components, (row + 1) * components);
    for (let k = 0; k < components; k++) own[k] = (own[k] ?? 0) + Math.log(mixture.weights[k] ?? 0);
    const largest = own.reduce((most, value) => Math.max(most, value), -Infinity);
    const total = own.reduce((sum, value) => sum + Math.exp(value - largest), 0);
    const density = largest + Math.log(total);
    densities[row] = density;
    for (let k = 0; k < components; k++) own[k] = Math.exp((own[k] ?? 0) - density);
  }
  const logLikelihood = densities.reduce((sum, value) => sum + value, 0) / x.rows;
  return { shares: { data: logs, rows: x.rows, columns: components }, densities, logLikelihood };
}

/** `[rows, components]` log-densities: `Σ (x - μ)² / v = x² · 1/v - 2 x · μ/v + Σ μ²/v`, two products. */
async function diagonalLogs(
  multiplier: Multiplier,
  { means, covariances }: Parameters,
  x: DoubleMatrix,
): Promise<Float64Array> {
  const { rows: components, columns } = means;
  const inverse = joined(covariances, (value) => 1 / value);
  const scaled = { ...means, data: means.data.map((mean, at) => mean * (inverse.data[at] ?? 0)) };
  const squares = await multiplier.matmulFloat64(squared(x), inverse, { transposeB: true });
  const crossed = await multiplier.matmulFloat64(x, scaled, { transposeB: true });
  const constants = Float64Array.from({ length: components }, (_, k) => {
    let sum = columns * Math.log(2 * Math.PI);
    for (let j = 0, at = k * columns; j < columns; j++, at++)
      sum += (means.data[at] ?? 0) * (scaled.data[at] ?? 0) - Math.log(inverse.data[at] ?? 1);
    return sum;
  });
  return squares.data.map(
    (square, at) => -0.5 * (square - 2 * (crossed.data[at] ?? 0) + (constants[at % components] ?? 0)),
  );
}

/** The same with whole covariances: `‖L⁻¹ (x - μ)‖²` by the inverse Cholesky factor. */
async function fullLogs(
  multiplier: Multiplier,
  { means, covariances }: Parameters,
  x: DoubleMatrix,
): Promise<Float64Array> {
  const { rows: components, columns } = means;
  const logs = new Float64Array(x.rows * components);
  for (const [k, covariance] of covariances.entries()) {
    const inverse = await inverseCholesky(multiplier, covariance);
    let constant = columns * Math.log(2 * Math.PI);
    for (let j = 0; j < columns; j++) constant -= 2 * Math.log(inverse.data[j * columns + j] ?? 1);
    const white = await multiplier.matmulFloat64(centred(x, means, k), inverse, { transposeB: true });
    for (let row = 0, at = 0; row < x.rows; row++) {
      let square = 0;
      for (let j = 0; j < columns; j++, at++) square += (white.data[at] ?? 0) ** 2;
      logs[row * components + k] = -0.5 * (square + constant);
    }
  }
  return logs;
}

async function maximise(
  multiplier: Multiplier,
  x: DoubleMatrix,
  shares: DoubleMatrix,
  shape: CovarianceShape,
): Promise<Parameters> {
  const { rows, columns: components } = shares;
  const counts = new Float64Array(components).fill(SMALLEST_SHARE);
  shares.data.forEach((share, at) => (counts[at % components] = (counts[at % components] ?? 0) + share));
  const over = (sums: DoubleMatrix): DoubleMatrix => ({
    ...sums,
    data: sums.data.map((sum, at) => sum / (counts[Math.floor(at / sums.columns)] ?? 1)),
  });
  const means = over(await multiplier.matmulFloat64(shares, x, { transposeA: true }));
  const weights = counts.map((count) => count / (rows + components * SMALLEST_SHARE));
  if (shape === 'diagonal') {
    const squares = over(await multiplier.matmulFloat64(shares, squared(x), { transposeA: true }));
    const covariances = Array.from({ length: components }, (_, k) => ({
      rows: 1,
      columns: x.columns,
      data: Float64Array.from({ length: x.columns }, (_unused, j) => {
        const at = k * x.columns + j;
        return Math.max(0, (squares.data[at] ?? 0) - (means.data[at] ?? 0) ** 2) + REGULARIZATION;
      }),
    }));
    return { shape, weights, means, covariances };
  }
  const covariances: DoubleMatrix[] = [];
  for (let k = 0; k < components; k++) {
    const around = centred(x, means, k);
    const weighted = {
      ...around,
      data: around.data.map(
        (value, at) => value * (shares.data[Math.floor(at / x.columns) * components + k] ?? 0),
      ),
    };
    const { data } = await multiplier.matmulFloat64(weighted, around, { transposeA: true });
    const covariance = data.map(
      (sum, at) =>
        sum / (counts[k] ?? 1) + (Math.floor(at / x.columns) === at % x.columns ? REGULARIZATION : 0),
    );
    covariances.push({ data: covariance, rows: x.columns, columns: x.columns });
  }
  return { shape, weights, means, covariances };
}

function centred(x: DoubleMatrix, means: DoubleMatrix, component: number): DoubleMatrix {
  const start = component * x.columns;
  return { ...x, data: x.data.map((value, at) => value - (means.data[start + (at % x.columns)] ?? 0)) };
}

function squared(x: DoubleMatrix): DoubleMatrix {
  return { ...x, data: x.data.map((value) => value * value) };
}

function joined(parts: readonly DoubleMatrix[], map: (value: number) => number): DoubleMatrix {
  const columns = parts[0]?.columns ?? 0;
  const data = new Float64Array(parts.length * columns);
  parts.forEach((part, k) => data.set(part.data.map(map), k * columns));
  return { data, rows: parts.length, columns };
}

function toDouble({ data, rows, columns }: Matrix): DoubleMatrix {
  return { data: Float64Array.from(data), rows, columns };
}
