import { describe, expect, test } from 'vitest';
import { type Matrix, matrix, matrixRow } from '../contract/data.ts';
import { createRng } from '../rng.ts';
import { fitRidge } from '../tensor/linear-algebra/ridge.ts';
import { plainMultiplier } from '../tensor/linear-algebra/plain-multiplier.sample.ts';
import { calibrateChain, openChainSession, parseChain } from './chain.ts';

const dimension = 12;

/** Embeddings off the origin whose dimensions differ in scale. */
function sampleOf(rows: number, seed: string): Matrix {
  const rng = createRng(seed);
  const data = Float32Array.from({ length: rows * dimension }, (_, i) => {
    const column = i % dimension;
    return 1 + column / 4 + (0.5 + column / 6) * rng.normal();
  });
  return matrix(data, rows, dimension);
}

function replies(family: string, embeddings: Matrix, account = 0, key = 'service'): Matrix {
  const chain = parseChain(`account-transform:family=${family}`);
  const rng = createRng(key);
  const calibration = calibrateChain(chain, sampleOf(100, 'provider'), rng);
  const inputs = Array.from({ length: embeddings.rows }, (_, row) => `input-${row}`);
  return openChainSession(chain, calibration, account, rng).reply(embeddings, inputs);
}

const inner = (a: Float32Array, b: Float32Array): number => a.reduce((sum, x, i) => sum + x * (b[i] ?? 0), 0);
const columnOf = ({ data, rows, columns }: Matrix, column: number): number[] =>
  Array.from({ length: rows }, (_, row) => data[row * columns + column] ?? 0);

describe('rotation', () => {
  test('keeps every length and angle to float accuracy', () => {
    const clean = sampleOf(20, 'clean');
    const turned = replies('rotation', clean);
    for (let a = 0; a < 20; a++)
      for (let b = 0; b <= a; b++)
        expect(inner(matrixRow(turned, a), matrixRow(turned, b))).toBeCloseTo(
          inner(matrixRow(clean, a), matrixRow(clean, b)),
          3,
        );
    expect(turned.data).not.toEqual(clean.data);
  });

  test('takes an axis to every direction alike: over many keys its image has mean 0 and variance 1/d', () => {
    const axis = matrix(
      Float32Array.from({ length: dimension }, (_, i) => (i === 0 ? 1 : 0)),
      1,
      dimension,
    );
    const keys = 400;
    const images = Array.from({ length: keys }, (_, key) => replies('rotation', axis, 0, `key-${key}`).data);
    for (let i = 0; i < dimension; i++) {
      const values = images.map((image) => image[i] ?? 0);
      const mean = values.reduce((sum, value) => sum + value, 0) / keys;
      const square = values.reduce((sum, value) => sum + value * value, 0) / keys;
      // Five standard errors; the variance of a squared entry of a uniform direction is below 2 / d^2.
      expect(Math.abs(mean)).toBeLessThan(5 / Math.sqrt(dimension * keys));
      expect(Math.abs(square * dimension - 1)).toBeLessThan(5 * Math.sqrt(2 / keys));
    }
  });
});

test('elementwise is one line per coordinate, with slope and offset within the unit interval', () => {
  const clean = sampleOf(50, 'clean');
  const provider = calibrateChain(
    parseChain('account-transform'),
    sampleOf(100, 'provider'),
    createRng('service'),
  )[0];
  const given = replies('elementwise', clean);
  for (let column = 0; column < dimension; column++) {
    const [x, y] = [columnOf(clean, column), columnOf(given, column)];
    const slope = ((y[1] ?? 0) - (y[0] ?? 0)) / ((x[1] ?? 0) - (x[0] ?? 0));
    const offset = (y[0] ?? 0) - slope * (x[0] ?? 0);
    for (let row = 0; row < 50; row++) expect(y[row]).toBeCloseTo(slope * (x[row] ?? 0) + offset, 3);
    expect(Math.abs(slope)).toBeLessThanOrEqual(1.001);
    expect(Math.abs(offset)).toBeLessThanOrEqual((provider?.standardDeviation[column] ?? 0) * 1.01);
  }
});

test('affine mixes all coordinates, can be undone, and keeps the size of the cloud', async () => {
  const clean = sampleOf(400, 'clean');
  const given = replies('affine', clean);
  const back = await fitRidge(plainMultiplier, given, clean, { lambdas: [1e-9] });
  expect(back.looError).toBeLessThan(1e-6);
  const variance = (source: Matrix): number =>
    Array.from({ length: dimension }, (_, column) => {
      const values = columnOf(source, column);
      const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
      return values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
    }).reduce((sum, value) => sum + value, 0);
  expect(variance(given) / variance(clean)).toBeGreaterThan(0.3);
  expect(variance(given) / variance(clean)).toBeLessThan(3);
});

test('pad-shuffle holds every clean coordinate once, unchanged, among as many constants', () => {
  const clean = sampleOf(30, 'clean');
  const given = replies('pad-shuffle', clean);
  expect(given.columns).toBe(2 * dimension);
  const columns = Array.from({ length: 2 * dimension }, (_, column) => columnOf(given, column));
  const constant = columns.filter((values) => values.every((value) => value === values[0]));
  expect(constant).toHaveLength(dimension);
  for (let column = 0; column < dimension; column++)
    expect(columns.filter((values) => values.join() === columnOf(clean, column).join())).toHaveLength(1);
  // Another account has other pads in other places.
  expect(replies('pad-shuffle', clean, 1).data).not.toEqual(given.data);
});

test('binary answers with 2d signs, of which nearly all tell embeddings apart', () => {
  const given = replies('binary', sampleOf(300, 'clean'));
  expect(given.columns).toBe(2 * dimension);
  expect(given.data.every((value) => value === 1 || value === -1)).toBe(true);
  const varied = Array.from({ length: 2 * dimension }, (_, column) => columnOf(given, column)).filter(
    (values) => values.some((value) => value !== values[0]),
  );
  expect(varied.length).toBeGreaterThan(1.8 * dimension);
});
