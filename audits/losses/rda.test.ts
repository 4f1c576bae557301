import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Engine } from '../contract/engine.ts';
import { createEngine } from '../tensor/engine.ts';
import { evaluateLoss } from './evaluate.sample.ts';
import { rdaLoss } from './rda.ts';

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine('onnx', { threads: 1 });
});
afterAll(async () => engine.dispose());

const TEMPERATURE = 0.07;
const first = [3, 1, -1, 2, 0.5, 4];
const second = [1, -2, 2, 2, 1, 1];
/** Means of unit vectors: shorter than 1. */
const prototypes = [0.7, 0.1, -0.5, 0.6, 0.2, 0.9];

const rows = (flat: readonly number[]): number[][] =>
  [0, 1, 2].map((row) => flat.slice(2 * row, 2 * row + 2));
const dot = (a: readonly number[], b: readonly number[]): number =>
  a.reduce((sum, value, at) => sum + value * (b[at] ?? 0), 0);

/** As the paper writes it: exponentials, a quotient, a logarithm. */
function written(view: readonly number[], alpha: number, beta: number): number {
  const x = rows(view).map((row) => row.map((value) => value / Math.hypot(...row)));
  const p = rows(prototypes);
  const of = x.map((vector, i) => {
    const prototype = p[i] ?? [];
    const others = [0, 1, 2].filter((j) => j !== i);
    const similarity = (other: readonly number[]): number => Math.exp(dot(vector, other) / TEMPERATURE);
    const negatives = others.reduce((sum, j) => sum + similarity(p[j] ?? []) + similarity(x[j] ?? []), 0);
    const squared = vector.reduce((sum, value, at) => sum + (value - (prototype[at] ?? 0)) ** 2, 0);
    const cosine = dot(vector, prototype) / Math.hypot(...prototype);
    return alpha * -Math.log(similarity(prototype) / negatives) + beta * -Math.log((cosine + 1) / squared);
  });
  return of.reduce((sum, value) => sum + value, 0) / of.length;
}

test.each([
  [1, 0],
  [0, 1],
  [1, 1],
  [0.5, 2],
])('alpha %d and beta %d weigh what the paper writes, averaged over the views', async (alpha, beta) => {
  const { value } = await evaluateLoss(
    engine,
    rdaLoss({ views: 2, temperature: TEMPERATURE, alpha, beta }),
    3,
    { surrogate: [first, second], victim: [prototypes, prototypes] },
  );
  expect(value).toBeCloseTo((written(first, alpha, beta) + written(second, alpha, beta)) / 2, 3);
});

// At T = 0.001 a single exponential overflows float32, and a copy makes the quotient infinite.
test.each([
  ['a perfect copy', [1, 0, 0, 1, -1, 0]],
  ['an opposite', [-1, 0, 0, -1, 1, 0]],
])('%s has a finite loss and gradient at a tiny temperature', async (_, surrogate) => {
  const { value, gradients } = await evaluateLoss(
    engine,
    rdaLoss({ views: 1, temperature: 0.001, alpha: 1, beta: 1 }),
    3,
    { surrogate: [surrogate], victim: [[1, 0, 0, 1, -1, 0]] },
  );
  expect(Number.isFinite(value)).toBe(true);
  for (const entry of gradients.flat()) expect(Number.isFinite(entry)).toBe(true);
});
