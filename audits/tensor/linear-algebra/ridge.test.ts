import { describe, expect, test } from 'vitest';
import { matrix, type Matrix } from '../../contract/data.ts';
import { createRng } from '../../rng.ts';
import { plainMultiplier } from './plain-multiplier.sample.ts';
import { fitRidge } from './ridge.ts';

function formulaFeatures(): Matrix {
  const data = Float32Array.from({ length: 240 }, (_, at) => {
    const i = Math.floor(at / 4);
    const j = at % 4;
    const label = (i * 7 + Math.floor(i / 5)) % 3;
    return Math.sin(1.3 * i + 2.1 * j + 0.7 * i * j) + 0.5 * Math.cos(label * 2 + j);
  });
  return matrix(data, 60, 4);
}

function formulaTargets(rows: number): Matrix {
  const x = formulaFeatures();
  const data = Float32Array.from({ length: rows * 2 }, (_, at) => {
    const i = Math.floor(at / 2);
    const [a = 0, , c = 0] = x.data.subarray(i * 4, i * 4 + 4);
    return at % 2 === 0 ? Math.sin(0.9 * i) : 0.8 * a - c + 0.3 * Math.cos(2.2 * i) + 1.5;
  });
  return matrix(data, rows, 2);
}

// scikit-learn 1.9.1: Ridge(alpha=lambda), leave-one-out by refitting without each row in turn.
const tall = [
  { lambda: 0.1, first: [-0.03277, 0.785222], bias: [0.040276, 1.499764], loo: 0.3202164162177389 },
  { lambda: 1, first: [-0.032045, 0.76959], bias: [0.040207, 1.503414], loo: 0.3194478643457625 },
  { lambda: 10, first: [-0.026319, 0.642804], bias: [0.039624, 1.5331], loo: 0.33584189519029084 },
];
const wide = [
  { lambda: 0.1, first: [0.375923, -0.077278], bias: [0.036372, 1.908056], loo: 1.1307489084615612 },
  { lambda: 1, first: [0.338016, -0.069146], bias: [0.031898, 1.899213], loo: 1.0806217876940147 },
  { lambda: 10, first: [0.169913, -0.036146], bias: [0.014354, 1.87445], loo: 0.9543173941484132 },
];

describe('ridge regression', () => {
  test.each(tall)('more rows than columns: as scikit-learn at lambda $lambda', async (expected) => {
    const fit = await fitRidge(plainMultiplier, formulaFeatures(), formulaTargets(60), {
      lambdas: [expected.lambda],
    });
    expected.first.forEach((value, i) => expect(fit.weights.data[i]).toBeCloseTo(value, 4));
    expected.bias.forEach((value, i) => expect(fit.bias[i]).toBeCloseTo(value, 4));
    expect(fit.looError).toBeCloseTo(expected.loo, 5);
  });

  test.each(wide)('more columns than rows: as scikit-learn at lambda $lambda', async (expected) => {
    const features = matrix(
      Float32Array.from({ length: 96 }, (_, at) => {
        const i = Math.floor(at / 12);
        return Math.sin(1.7 * (at % 12) * (i + 1) + i);
      }),
      8,
      12,
    );
    const fit = await fitRidge(plainMultiplier, features, formulaTargets(8), { lambdas: [expected.lambda] });
    expected.first.forEach((value, i) => expect(fit.weights.data[i]).toBeCloseTo(value, 3));
    expected.bias.forEach((value, i) => expect(fit.bias[i]).toBeCloseTo(value, 3));
    expect(fit.looError).toBeCloseTo(expected.loo, 4);
  });

  test('chooses the grid value with the least leave-one-out error', async () => {
    const fit = await fitRidge(plainMultiplier, formulaFeatures(), formulaTargets(60), {
      lambdas: [10, 1, 0.1],
    });
    expect(fit.lambda).toBe(1);
  });

  test('the default grid recovers a noiseless affine map', async () => {
    const rng = createRng('affine');
    const features = matrix(
      Float32Array.from({ length: 200 * 6 }, () => rng.normal()),
      200,
      6,
    );
    const map = matrix(
      Float32Array.from({ length: 18 }, () => rng.normal()),
      6,
      3,
    );
    const product = await plainMultiplier.matmul(features, map);
    const targets = matrix(
      product.data.map((value, at) => value + (at % 3) * 2 - 1),
      200,
      3,
    );
    const fit = await fitRidge(plainMultiplier, features, targets);
    map.data.forEach((value, i) => expect(fit.weights.data[i]).toBeCloseTo(value, 3));
    expect([...fit.bias].map((value) => Math.round(value * 100) / 100)).toEqual([-1, 1, 3]);
  });

  test('pure noise as target asks for the strongest shrinkage', async () => {
    const rng = createRng('noise');
    const draw = (rows: number, columns: number): Matrix =>
      matrix(
        Float32Array.from({ length: rows * columns }, () => rng.normal()),
        rows,
        columns,
      );
    const fit = await fitRidge(plainMultiplier, draw(60, 30), draw(60, 20), { lambdas: [0.01, 1, 100, 1e5] });
    expect(fit.lambda).toBe(1e5);
  });
});
