import { matrix, type Matrix } from '../../contract/data.ts';
import { minimize } from './lbfgs.ts';
import type { Multiplier } from './multiplier.ts';

/**
 * L2-regularised multinomial logistic regression:
 * `mean cross-entropy + l2 / 2 · ‖weights‖²`, intercept unpenalised. In scikit-learn's terms `C = 1 / (n · l2)`.
 */
export interface LogisticModel {
  /** `[p, classes]` */
  readonly weights: Matrix;
  readonly bias: Float32Array;
  readonly iterations: number;
  readonly converged: boolean;
  /** Value of the objective at the end. */
  readonly loss: number;
}

export interface LogisticOptions {
  readonly l2: number;
  /** Start from an earlier solution of the same shape, a neighbor on a path of penalties. */
  readonly start?: LogisticModel | undefined;
  readonly maxIterations?: number;
  /** Largest absolute gradient entry at which the fit counts as converged. */
  readonly tolerance?: number;
}

/**
 * Fits by L-BFGS to convergence. Fast when the columns of `features` are centred and uncorrelated (principal
 * axes): the preconditioner is the diagonal of the Hessian at zero weights, second moment / classes + l2.
 * @param features `[n, p]` @param labels `[n]` in 0 ... classes-1
 * @throws RangeError when rows and labels differ
 */
export async function fitLogisticRegression(
  multiplier: Multiplier,
  features: Matrix,
  labels: Int32Array,
  classes: number,
  options: LogisticOptions,
): Promise<LogisticModel> {
  const { rows: n, columns: p } = features;
  if (labels.length !== n) throw new RangeError(`${n} rows with ${labels.length} labels`);
  const { l2, start } = options;
  const weightCount = p * classes;

  // Parameters: weights `[p, classes]` row-major, then the intercepts.
  const initial = new Float64Array(weightCount + classes);
  if (start !== undefined) {
    initial.set(start.weights.data);
    initial.set(start.bias, weightCount);
  }
  const result = await minimize(objective(multiplier, features, labels, classes, l2), initial, {
    inverseCurvature: inverseCurvature(features, classes, l2),
    maxIterations: options.maxIterations ?? 500,
    tolerance: options.tolerance ?? 2e-5,
  });
  return {
    weights: matrix(Float32Array.from(result.point.subarray(0, weightCount)), p, classes),
    bias: Float32Array.from(result.point.subarray(weightCount)),
    iterations: result.iterations,
    converged: result.converged,
    loss: result.value,
  };
}

/** The most likely class per row of `[n, p]`; ties go to the lower class. */
export async function predictClasses(
  multiplier: Multiplier,
  model: LogisticModel,
  features: Matrix,
): Promise<Int32Array> {
  const classes = model.weights.columns;
  const scores = (await multiplier.matmul(features, model.weights)).data;
  return Int32Array.from({ length: features.rows }, (_, i) => {
    let best = 0;
    let bestScore = -Infinity;
    for (let c = 0; c < classes; c++) {
      const score = (scores[i * classes + c] ?? 0) + (model.bias[c] ?? 0);
      if (score > bestScore) {
        best = c;
        bestScore = score;
      }
    }
    return best;
  });
}

function objective(
  multiplier: Multiplier,
  features: Matrix,
  labels: Int32Array,
  classes: number,
  l2: number,
): (point: Float64Array) => Promise<{ readonly value: number; readonly gradient: Float64Array }> {
  const { rows: n, columns: p } = features;
  const weightCount = p * classes;
  return async (point) => {
    const weights = matrix(Float32Array.from(point.subarray(0, weightCount)), p, classes);
    const scores = (await multiplier.matmul(features, weights)).data;
    const gradient = new Float64Array(point.length);
    const residual = new Float32Array(n * classes);
    let loss = 0;
    const probabilities = new Float64Array(classes);
    for (let i = 0; i < n; i++) {
      const at = i * classes;
      let highest = -Infinity;
      for (let c = 0; c < classes; c++) {
        const score = (scores[at + c] ?? 0) + (point[weightCount + c] ?? 0);
        probabilities[c] = score;
        if (score > highest) highest = score;
      }
      const label = labels[i] ?? 0;
      const labelScore = (probabilities[label] ?? 0) - highest;
      let total = 0;
      for (let c = 0; c < classes; c++) {
        const exponential = Math.exp((probabilities[c] ?? 0) - highest);
        probabilities[c] = exponential;
        total += exponential;
      }
      loss += Math.log(total) - labelScore;
      for (let c = 0; c < classes; c++) {
        const difference = (probabilities[c] ?? 0) / total - (c === label ? 1 : 0);
        residual[at + c] = difference;
        gradient[weightCount + c] = (gradient[weightCount + c] ?? 0) + difference / n;
      }
    }
    const products = (await multiplier.matmul(features, matrix(residual, n, classes), { transposeA: true }))
      .data;
    let squares = 0;
    for (let i = 0; i < weightCount; i++) {
      const weight = point[i] ?? 0;
      squares += weight * weight;
      gradient[i] = (products[i] ?? 0) / n + l2 * weight;
    }
    return { value: loss / n + (l2 / 2) * squares, gradient };
  };
}

function inverseCurvature(features: Matrix, classes: number, l2: number): Float64Array {
  const { rows: n, columns: p, data } = features;
  const moments = new Float64Array(p);
  for (let i = 0; i < n; i++)
    for (let j = 0, at = i * p; j < p; j++, at++) moments[j] = (moments[j] ?? 0) + (data[at] ?? 0) ** 2 / n;
  const inverse = new Float64Array((p + 1) * classes);
  for (let j = 0; j < p; j++)
    inverse.fill(1 / ((moments[j] ?? 0) / classes + l2 + 1e-9), j * classes, (j + 1) * classes);
  inverse.fill(classes, p * classes);
  return inverse;
}
