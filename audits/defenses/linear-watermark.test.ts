import { expect, test } from 'vitest';
import { type Matrix, matrix, matrixRow } from '../contract/data.ts';
import { createRng } from '../rng.ts';
import { plainMultiplier } from '../tensor/linear-algebra/plain-multiplier.sample.ts';
import { fitRidge } from '../tensor/linear-algebra/ridge.ts';
import { eigenvaluesSymmetric } from '../tensor/linear-algebra/symmetric-eigen.ts';
import { circulant, eigenvalueSizes } from './linear-watermark.ts';
import {
  around,
  blurred,
  changed,
  dimension,
  encode,
  pictures,
  reordered,
  serviceWith,
  turned,
} from './marked-world.sample.ts';

const service = serviceWith('linear-watermark');
const marked = service.reply(service.clean);
const norm = (values: Float32Array): number => Math.hypot(...values);

/** The matrix itself, `[size, size]`, from its first row. */
function whole(size: number, terms: number, seed: number): Float64Array {
  const { places, weights } = circulant(size, terms, createRng(seed));
  const data = new Float64Array(size * size);
  for (let row = 0; row < size; row++)
    weights.forEach((weight, term) => (data[row * size + ((row + (places[term] ?? 0)) % size)] = weight));
  return data;
}

test('the matrix has rows of sum 1 with as many terms as asked, and full rank', () => {
  const size = 12;
  const data = whole(size, 5, 3);
  const row = data.subarray(0, size);
  expect(row.reduce((sum, value) => sum + value, 0)).toBeCloseTo(1, 12);
  expect([...row].filter((value) => value !== 0)).toHaveLength(5);
  // The transform of a row gives what a decomposition of T Tᵀ gives.
  const gram = new Float64Array(size * size);
  for (let i = 0; i < size; i++)
    for (let j = 0; j < size; j++)
      for (let k = 0; k < size; k++)
        gram[i * size + j] =
          (gram[i * size + j] ?? 0) + (data[i * size + k] ?? 0) * (data[j * size + k] ?? 0);
  const squares = [...eigenvaluesSymmetric({ data: gram, rows: size, columns: size })];
  const sizes = [...eigenvalueSizes(circulant(size, 5, createRng(3)), size)].sort((a, b) => b - a);
  sizes.forEach((value, i) => expect(value ** 2).toBeCloseTo(squares[i] ?? 0, 10));
  expect(sizes.at(-1)).toBeGreaterThan(0.01);
});

test('replies keep their length and are a linear map of the embedding in direction', () => {
  // Of the sum of two embeddings the blend is the sum of the blends: undo the lengths and compare.
  const [a, b] = [matrixRow(service.clean, 0), matrixRow(service.clean, 1)];
  const sum = matrix(
    a.map((value, i) => value + (b[i] ?? 0)),
    1,
    dimension,
  );
  const direction = service.reply(sum).data;
  const [first, second] = [matrixRow(marked, 0), matrixRow(marked, 1)];
  expect(norm(first)).toBeCloseTo(norm(a), 4);
  // Rows of T sum to 1, so the level of a blend is the level of the embedding: that gives the length before it was rescaled.
  const level = (values: Float32Array): number => values.reduce((total, value) => total + value, 0);
  const blend = (reply: Float32Array, of: Float32Array): Float32Array =>
    reply.map((value) => (value * level(of)) / level(reply));
  const [one, two, both] = [blend(first, a), blend(second, b), blend(direction, sum.data)];
  both.forEach((value, i) => expect(value).toBeCloseTo((one[i] ?? 0) + (two[i] ?? 0), 3));
});

test('the right key finds the mark, others do not', () => {
  expect(service.score(marked)).toBeCloseTo(1, 6);
  expect(service.score(service.clean)).toBeCloseTo(0, 6);
  const wrong = around(Array.from({ length: 20 }, (_, key) => service.score(marked, key + 2)));
  expect(Math.abs(wrong.mean)).toBeLessThan(0.1);
  expect(wrong.largest).toBeLessThan(0.4);
});

test('encoders of others carry none of it', () => {
  const others = Array.from({ length: 10 }, (_, seed) =>
    service.score(encode(pictures(service.clean.rows, 'provider'), `independent ${seed}`)),
  );
  expect(around(others).largest).toBeLessThan(0.2);
});

test('a copy made by least squares from other features carries it', async () => {
  const shown = pictures(1500, 'queried');
  const replies = service.reply(encode(shown, 'victim'));
  const features = (of: Matrix): Matrix => encode(of, 'public encoder');
  const { weights, bias } = await fitRidge(plainMultiplier, features(shown), replies);
  const product = await plainMultiplier.matmul(features(pictures(service.clean.rows, 'provider')), weights);
  const copy = changed(product, (value, column) => value + (bias[column] ?? 0));
  expect(service.score(copy)).toBeGreaterThan(0.5);
});

test('errors of a copy weaken it; scale, shift and missing coordinates do not', () => {
  const score = service.score(blurred(marked, 1, 'errors'));
  expect(score).toBeGreaterThan(0.4);
  expect(score).toBeLessThan(0.9);
  expect(service.score(changed(marked, (value, column) => 3 * value + column))).toBeCloseTo(1, 4);
  expect(
    service.score(
      reordered(
        marked,
        Array.from({ length: dimension / 2 }, (_, i) => i),
      ),
    ),
  ).toBeCloseTo(1, 4);
});

test('it lies in coordinates: turned, reordered and shifted copies have lost it', () => {
  expect(Math.abs(service.score(turned(marked, createRng(3))))).toBeLessThan(0.2);
  expect(Math.abs(service.score(reordered(marked, createRng(3).permutation(dimension))))).toBeLessThan(0.2);
  const shifted = Array.from({ length: dimension }, (_, i) => (i + 1) % dimension);
  expect(Math.abs(service.score(reordered(marked, shifted)))).toBeLessThan(0.2);
});

test('with a key per account a copy tells whose replies it was made from', () => {
  const traced = serviceWith('linear-watermark:keys=account');
  const copy = traced.reply(traced.clean, 2);
  const scores = [0, 1, 2, 3].map((account) => traced.score(copy, 1, account));
  expect(scores[2]).toBeCloseTo(1, 6);
  for (const account of [0, 1, 3]) expect(Math.abs(scores[account] ?? 1)).toBeLessThan(0.4);
});

test('a zero embedding stays zero', () => {
  expect(
    [...service.reply(matrix(new Float32Array(dimension), 1, dimension)).data].every((v) => v === 0),
  ).toBe(true);
});
