import { matrix, type Matrix } from '../../contract/data.ts';
import { minimize, type Preconditioner } from './lbfgs.ts';
import { curvaturePreconditioner, featureCurvature, type FeatureCurvature } from './logistic-curvature.ts';
import type { Multiplier } from './multiplier.ts';
import { asRowBlocks, type Rows } from './row-blocks.ts';
import { softmaxLoss } from './softmax-loss.ts';

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
  /** `featureCurvature` of these features, when several fits share it. */
  readonly curvature?: FeatureCurvature | undefined;
}

/**
 * Fits by L-BFGS to convergence, preconditioned with the covariance of the features: some tens of passes, whatever
 * their scales and correlations. Memory: a block, `[p, p]` and a few times `[p, classes]`.
 * @param features `[n, p]` @param labels `[n]` in 0 ... classes-1
 * @throws RangeError when rows and labels differ
 */
export async function fitLogisticRegression(
  multiplier: Multiplier,
  features: Rows,
  labels: Int32Array,
  classes: number,
  options: LogisticOptions,
): Promise<LogisticModel> {
  const { rows: n, columns: p } = features;
  if (labels.length !== n) throw new RangeError(`${n} rows with ${labels.length} labels`);
  const { l2, start } = options;
  const curvature = options.curvature ?? (await featureCurvature(multiplier, features));
  const { mean } = curvature;

  // The objective is minimised over weights `[classes, p]` and the intercepts that belong to centred features: those
  // two hardly interact, which plain intercepts and weights do as soon as a column has an offset.
  const initial = new Float64Array((p + 1) * classes);
  if (start !== undefined) {
    initial.set(transposed(start.weights.data, p, classes));
    initial.set(Float64Array.from(start.bias), p * classes);
    moveIntercepts(initial, mean, classes, 1);
  } else initial.set(logFrequencies(labels, classes), p * classes);
  const precondition: Preconditioner = await curvaturePreconditioner(multiplier, curvature, classes, l2);
  const result = await minimize(objective(multiplier, features, labels, classes, l2, mean), initial, {
    precondition,
    maxIterations: options.maxIterations ?? 500,
    tolerance: options.tolerance ?? 2e-5,
  });
  moveIntercepts(result.point, mean, classes, -1);
  return {
    weights: matrix(
      Float32Array.from(transposed(result.point.subarray(0, p * classes), classes, p)),
      p,
      classes,
    ),
    bias: Float32Array.from(result.point.subarray(p * classes)),
    iterations: result.iterations,
    converged: result.converged,
    loss: result.value,
  };
}

/** The most likely class per row of `[n, p]`; ties go to the lower class. */
export async function predictClasses(
  multiplier: Multiplier,
  model: LogisticModel,
  features: Rows,
): Promise<Int32Array> {
  const classes = model.weights.columns;
  const predicted = new Int32Array(features.rows);
  let row = 0;
  for await (const block of asRowBlocks(features).blocks()) {
    const scores = (await multiplier.matmul(block, model.weights)).data;
    for (let i = 0; i < block.rows; i++, row++) {
      let bestScore = -Infinity;
      for (let c = 0; c < classes; c++) {
        const score = (scores[i * classes + c] ?? 0) + (model.bias[c] ?? 0);
        if (score > bestScore) {
          predicted[row] = c;
          bestScore = score;
        }
      }
    }
  }
  return predicted;
}

function objective(
  multiplier: Multiplier,
  features: Rows,
  labels: Int32Array,
  classes: number,
  l2: number,
  mean: Float64Array,
): (point: Float64Array) => Promise<{ readonly value: number; readonly gradient: Float64Array }> {
  const { rows: n, columns: p } = features;
  return async (point) => {
    const weights = matrix(
      Float32Array.from(transposed(point.subarray(0, p * classes), classes, p)),
      p,
      classes,
    );
    const plain = Float64Array.from(point);
    moveIntercepts(plain, mean, classes, -1);
    const bias = plain.subarray(p * classes);
    const gradient = new Float64Array(point.length);
    const residualSum = new Float64Array(classes);
    let loss = 0;
    let row = 0;
    for await (const block of asRowBlocks(features).blocks()) {
      const scores = await multiplier.matmul(block, weights);
      loss += softmaxLoss(scores.data, bias, labels.subarray(row, row + block.rows), residualSum);
      const { data } = await multiplier.matmul(scores, block, { transposeA: true });
      for (let i = 0; i < data.length; i++) gradient[i] = (gradient[i] ?? 0) + (data[i] ?? 0);
      row += block.rows;
    }
    let squares = 0;
    for (let c = 0; c < classes; c++) {
      const residual = residualSum[c] ?? 0;
      for (let j = 0, at = c * p; j < p; j++, at++) {
        const weight = point[at] ?? 0;
        squares += weight * weight;
        gradient[at] = ((gradient[at] ?? 0) - residual * (mean[j] ?? 0)) / n + l2 * weight;
      }
      gradient[p * classes + c] = residual / n;
    }
    return { value: loss / n + (l2 / 2) * squares, gradient };
  };
}

/** Adds `sign · weights mean` to the intercepts: to (1) and from (-1) those of centred features. */
function moveIntercepts(point: Float64Array, mean: Float64Array, classes: number, sign: 1 | -1): void {
  const p = mean.length;
  for (let c = 0; c < classes; c++) {
    let shift = 0;
    for (let j = 0; j < p; j++) shift += (point[c * p + j] ?? 0) * (mean[j] ?? 0);
    point[p * classes + c] = (point[p * classes + c] ?? 0) + sign * shift;
  }
}

/** The intercepts of a model that ignores its features; a class without rows counts half a row. */
function logFrequencies(labels: Int32Array, classes: number): Float64Array {
  const counts = new Float64Array(classes).fill(0.5);
  for (const label of labels) counts[label] = (counts[label] ?? 0) + 1;
  return counts.map((count) => Math.log(count / (labels.length + classes / 2)));
}

function transposed(values: ArrayLike<number>, rows: number, columns: number): Float64Array {
  const result = new Float64Array(rows * columns);
  for (let i = 0; i < rows; i++)
    for (let j = 0; j < columns; j++) result[j * rows + i] = values[i * columns + j] ?? 0;
  return result;
}
