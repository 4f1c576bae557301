import { afterAll, describe, expect, test } from 'vitest';
import { matrixRow, type Matrix } from '../../contract/data.ts';
import { createRng } from '../../rng.ts';
import { createOnnxEngine } from '../onnx/engine.ts';
import { topKCosine } from './cosine-neighbors.ts';
import { kMeans } from './k-means.ts';
import { fitLogisticRegression } from './logistic-regression.ts';
import { fitPrincipalAxes } from './principal-axes.ts';
import { fitProcrustes } from './procrustes.ts';
import { fitRidge } from './ridge.ts';
import { inOddBlocks, scipyCases } from './scipy-cases.sample.ts';
import { numericalRank, singularValues } from './spectrum.ts';

/** Every method against SciPy and scikit-learn, on the engine's products, on rows that come in blocks. */

const engine = createOnnxEngine(1);
afterAll(() => engine.dispose());

/** Largest difference, relative to the largest expected value. */
function difference(found: ArrayLike<number>, expected: ArrayLike<number>): number {
  let largest = 0;
  let scale = 0;
  for (let i = 0; i < expected.length; i++) {
    const gap = Math.abs((found[i] ?? Number.NaN) - (expected[i] ?? 0));
    largest = gap <= largest ? largest : gap;
    scale = Math.max(scale, Math.abs(expected[i] ?? 0));
  }
  return largest / (scale || 1);
}

function probabilities(features: Matrix, model: { weights: Matrix; bias: Float32Array }): number[] {
  return Array.from({ length: features.rows }, (_, i) => {
    const row = matrixRow(features, i);
    const scores = Array.from(model.bias, (bias, c) =>
      row.reduce((sum, value, j) => sum + value * (model.weights.data[j * model.bias.length + c] ?? 0), bias),
    );
    const exponentials = scores.map((score) => Math.exp(score - Math.max(...scores)));
    const total = exponentials.reduce((sum, value) => sum + value, 0);
    return exponentials.map((value) => value / total);
  }).flat();
}

describe.each(scipyCases())('as SciPy and scikit-learn: $name', (expected) => {
  const x = inOddBlocks(expected.x);

  test('singular values and rank', async () => {
    const plain = await singularValues(engine, x);
    expect(plain).toHaveLength(expected.spectrum.plain.length);
    expect(difference(plain, expected.spectrum.plain)).toBeLessThan(1e-7);
    expect(
      difference(await singularValues(engine, x, { centred: true }), expected.spectrum.centred),
    ).toBeLessThan(1e-7);
    expect(numericalRank(plain, x)).toBe(expected.spectrum.rank);
  });

  test('principal axes', async () => {
    const { variances, shares, axes } = await fitPrincipalAxes(engine, x);
    expect(difference(variances, expected.pca.variances)).toBeLessThan(1e-10);
    expect(difference(shares, expected.pca.shares)).toBeLessThan(1e-10);
    expect(difference(axes.data, expected.pca.axes)).toBeLessThan(1e-5);
  });

  test.each(expected.ridge)('ridge and leave-one-out at lambda $lambda', async (wanted) => {
    const fit = await fitRidge(engine, x, inOddBlocks(expected.targets), { lambdas: [wanted.lambda] });
    expect(difference(fit.weights.data, wanted.weights)).toBeLessThan(1e-6);
    expect(difference(fit.bias, wanted.bias)).toBeLessThan(1e-6);
    expect(Math.abs(fit.looError / wanted.loo - 1)).toBeLessThan(1e-7);
  });

  test('Procrustes rotation, scale and explained variance', async () => {
    const wanted = expected.procrustes;
    const y = inOddBlocks(wanted.y);
    const plain = await fitProcrustes(engine, x, y);
    const scaled = await fitProcrustes(engine, x, y, { scale: true });
    expect(plain.r2).toBeCloseTo(wanted.r2, 9);
    expect(scaled.r2).toBeCloseTo(wanted.scaledR2, 9);
    expect(scaled.scale / wanted.scale).toBeCloseTo(1, 9);
    const { data, rows } = plain.rotation;
    for (let i = 0; i < rows; i++)
      for (let j = 0; j < rows; j++) {
        let dot = 0;
        for (let k = 0; k < rows; k++) dot += (data[k * rows + i] ?? 0) * (data[k * rows + j] ?? 0);
        expect(dot).toBeCloseTo(i === j ? 1 : 0, 6);
      }
    // Where centred rows leave directions free, so is the rotation.
    if (expected.name === 'tall') expect(difference(data, wanted.rotation)).toBeLessThan(1e-6);
  });

  test.each(expected.logistic)('logistic regression at l2 $l2', async (wanted) => {
    const features = inOddBlocks(expected.standardised);
    const model = await fitLogisticRegression(engine, features, wanted.labels, 3, {
      l2: wanted.l2,
      tolerance: 1e-6,
    });
    expect(model.converged).toBe(true);
    // A class without rows is never quite impossible.
    expect(Math.abs(model.loss - wanted.loss)).toBeLessThan(wanted.probabilities ? 1e-7 : 1e-4);
    if (wanted.probabilities)
      expect(difference(probabilities(expected.standardised, model), wanted.probabilities)).toBeLessThan(
        1e-4,
      );
  });

  test.each(expected.kMeans)('k-means from the same start', async (wanted) => {
    const found = await kMeans(engine, x, 3, createRng('unused'), { start: wanted.start });
    expect(found.converged).toBe(true);
    expect([...found.assignments]).toEqual(wanted.labels);
    expect(difference(found.centroids.data, wanted.centroids)).toBeLessThan(1e-6);
    expect(difference([found.inertia], [wanted.inertia])).toBeLessThan(1e-5);
  });

  test('nearest by cosine', async () => {
    const found = await topKCosine(engine, x, x, 4);
    expect(difference(found.similarities, expected.similarities)).toBeLessThan(1e-6);
  });
});
