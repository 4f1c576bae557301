import { expect, test } from 'vitest';
import { type Matrix, matrix } from '../contract/data.ts';
import { createRng } from '../rng.ts';
import { plainMultiplier } from '../tensor/linear-algebra/plain-multiplier.sample.ts';
import { orthonormalColumns, completingColumns } from '../tensor/linear-algebra/orthonormal.ts';
import { toFloat32 } from '../tensor/linear-algebra/double-matrix.ts';
import { explainedShare } from './account-maps.ts';
import { alignUnpaired, matchCenters } from './unpaired-alignment.ts';

const dimension = 8;
const kinds = 12;

/** Rows of a dozen kinds at places of their own; the same kinds whatever the seed. */
function embeddingsOf(rows: number, seed: string): Matrix {
  const place = createRng('kinds');
  const centers = Float64Array.from({ length: kinds * dimension }, () => place.normal());
  const rng = createRng(seed);
  const data = Float32Array.from({ length: rows * dimension }, (_, i) => {
    const kind = Math.floor(i / dimension) % kinds;
    return 0.5 + (centers[kind * dimension + (i % dimension)] ?? 0) + 0.15 * rng.normal();
  });
  return matrix(data, rows, dimension);
}

async function randomRotation(size: number): Promise<Matrix> {
  const nothing = { data: new Float64Array(0), rows: size, columns: 0 };
  const drawn = await completingColumns(plainMultiplier, nothing, size, createRng('turn'));
  return toFloat32(await orthonormalColumns(plainMultiplier, drawn));
}

test('finds the rotation between two accounts which never answered the same image', async () => {
  const turn = await randomRotation(dimension);
  const [first, second, unseen] = ['first', 'second', 'unseen'].map((seed) => embeddingsOf(240, seed));
  if (first === undefined || second === undefined || unseen === undefined) throw new Error('no rows');
  const turned = await plainMultiplier.matmul(second, turn);
  const map = await alignUnpaired(plainMultiplier, turned, first, createRng('alignment'));
  const mapped = await map?.(await plainMultiplier.matmul(unseen, turn));
  expect(mapped === undefined ? 0 : explainedShare(mapped, unseen)).toBeGreaterThan(0.95);
});

test('has no answer between different widths or from a handful of rows', async () => {
  const rows = embeddingsOf(60, 'rows');
  const wider = matrix(new Float32Array(60 * 9), 60, 9);
  expect(await alignUnpaired(plainMultiplier, rows, wider, createRng('x'))).toBeUndefined();
  const few = embeddingsOf(8, 'few');
  expect(await alignUnpaired(plainMultiplier, few, few, createRng('x'))).toBeUndefined();
});

test('matching recovers a shuffled similarity matrix', () => {
  const rng = createRng('similarities');
  const count = 10;
  const order = rng.permutation(count);
  const a = new Float32Array(count ** 2);
  for (let i = 0; i < count; i++)
    for (let j = 0; j <= i; j++) a[i * count + j] = a[j * count + i] = i === j ? 1 : rng.uniform();
  const b = new Float32Array(count ** 2);
  for (let i = 0; i < count; i++)
    for (let j = 0; j < count; j++) b[(order[i] ?? 0) * count + (order[j] ?? 0)] = a[i * count + j] ?? 0;
  const { partner } = matchCenters(matrix(a, count, count), matrix(b, count, count), createRng('starts'));
  expect([...partner]).toEqual([...order]);
});
