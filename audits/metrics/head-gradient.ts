import { matrix, matrixRow, type Matrix } from '../contract/data.ts';
import { applyStandardizer } from '../tensor/linear-algebra/standardize.ts';
import type { ProbeHead } from './linear-probe.ts';
import type { MetricContext } from './metric.ts';

/**
 * In which direction each embedding would have to move for the head's cross-entropy of its own label to grow, each of length 1:
 * the gradient `W (softmax - onehot)` up to a positive factor, through the standardisation. Since
 * `softmax_y - 1 = -Σ_{c≠y} softmax_c`, it is `Σ_{c≠y} q_c (w_c - w_y)` with weights `q` relative to the likeliest wrong class,
 * which do not vanish where the head is sure of itself.
 * @param embeddings `[rows, dimension]` @param labels the classes to move away from
 * @returns `[rows, dimension]`; zeros where the head has no other class
 */
export async function lossDirections(
  engine: MetricContext['engine'],
  { standardizer, model: { weights, bias } }: ProbeHead,
  embeddings: Matrix,
  labels: Int32Array,
): Promise<Matrix> {
  const scores = await engine.matmul(applyStandardizer(standardizer, embeddings), weights);
  const coefficients = new Float32Array(scores.data.length);
  for (let row = 0; row < scores.rows; row++) {
    const own = labels[row] ?? 0;
    const others = Float64Array.from(matrixRow(scores, row), (score, c) =>
      c === own ? Number.NEGATIVE_INFINITY : score + (bias[c] ?? 0),
    );
    const likeliest = Math.max(...others);
    const target = matrixRow(matrix(coefficients, scores.rows, scores.columns), row);
    let sum = 0;
    others.forEach((score, c) => {
      if (c === own) return;
      target[c] = Math.exp(score - likeliest);
      sum += target[c] ?? 0;
    });
    target[own] = -sum;
  }
  const moved = await engine.matmul(matrix(coefficients, scores.rows, scores.columns), weights, {
    transposeB: true,
  });
  const data = moved.data.map((value, at) => value / (standardizer.scale[at % moved.columns] ?? 1));
  const directions = matrix(data, moved.rows, moved.columns);
  for (let row = 0; row < directions.rows; row++) {
    const direction = matrixRow(directions, row);
    const length = Math.hypot(...direction);
    if (length > 0) direction.forEach((value, at) => (direction[at] = value / length));
  }
  return directions;
}
