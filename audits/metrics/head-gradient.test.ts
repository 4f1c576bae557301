import { expect, test } from 'vitest';
import { matrix, matrixRow, type Matrix } from '../contract/data.ts';
import { createRng } from '../rng.ts';
import { plainMultiplier } from '../tensor/linear-algebra/plain-multiplier.sample.ts';
import { lossDirections } from './head-gradient.ts';
import type { ProbeHead } from './linear-probe.ts';

const [ROWS, DIMENSION, CLASSES] = [5, 3, 4];
const rng = createRng('head');
const normal = (rows: number, columns: number): Matrix =>
  matrix(
    Float32Array.from({ length: rows * columns }, () => rng.normal()),
    rows,
    columns,
  );
const head = (gain: number): ProbeHead => {
  const weights = normal(DIMENSION, CLASSES);
  return {
    standardizer: { mean: Float64Array.of(1, -2, 0.5), scale: Float64Array.of(0.5, 2, 1) },
    model: {
      weights: { ...weights, data: weights.data.map((value) => gain * value) },
      bias: Float32Array.of(0.1, -0.3, 0, 0.2),
      iterations: 1,
      converged: true,
      loss: 0,
    },
    l2: 0,
  };
};
const embeddings = normal(ROWS, DIMENSION);
const labels = Int32Array.of(0, 1, 2, 3, 0);

/** Cross-entropy of one embedding, written out. */
function loss({ standardizer, model }: ProbeHead, embedding: Float64Array, label: number): number {
  const scores = Array.from(model.bias, (bias, c) =>
    embedding.reduce(
      (sum, value, j) =>
        sum +
        ((value - (standardizer.mean[j] ?? 0)) / (standardizer.scale[j] ?? 1)) *
          (model.weights.data[j * CLASSES + c] ?? 0),
      bias,
    ),
  );
  return Math.log(scores.reduce((sum, score) => sum + Math.exp(score), 0)) - (scores[label] ?? 0);
}

test('is the direction in which the loss grows: its gradient by differences, at length 1', async () => {
  const own = head(1);
  const directions = await lossDirections(plainMultiplier, own, embeddings, labels);
  for (let row = 0; row < ROWS; row++) {
    const at = Float64Array.from(matrixRow(embeddings, row));
    const gradient = at.map((_, j) => {
      const moved = (step: number) => at.map((value, k) => (k === j ? value + step : value));
      return (loss(own, moved(1e-5), labels[row] ?? 0) - loss(own, moved(-1e-5), labels[row] ?? 0)) / 2e-5;
    });
    const length = Math.hypot(...gradient);
    gradient.forEach((value, j) => expect(matrixRow(directions, row)[j]).toBeCloseTo(value / length, 4));
  }
});

test('does not vanish where the head is sure of itself', async () => {
  const directions = await lossDirections(plainMultiplier, head(1000), embeddings, labels);
  for (let row = 0; row < ROWS; row++) expect(Math.hypot(...matrixRow(directions, row))).toBeCloseTo(1, 5);
});
