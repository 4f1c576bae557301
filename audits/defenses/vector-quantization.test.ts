import { expect, test } from 'vitest';
import { type Matrix, matrix, matrixRow } from '../contract/data.ts';
import { createRng } from '../rng.ts';
import { calibrateChain, openChainSession, parseChain } from './chain.ts';

const rng = createRng('clusters');
const dimension = 4;
/** Four tight clusters, of a hundred rows each. */
const centers = [0, 1, 2, 3].map((cluster) =>
  Array.from({ length: dimension }, (_, i) => (i === cluster ? 10 : 0)),
);
const provider = cloud(400, 0.1);

function cloud(rows: number, deviation: number): Matrix {
  const data = Float32Array.from(
    { length: rows * dimension },
    (_, at) => (centers[Math.floor(at / dimension) % 4]?.[at % dimension] ?? 0) + deviation * rng.normal(),
  );
  return matrix(data, rows, dimension);
}

function replies(text: string, batch: Matrix): Matrix {
  const chain = parseChain(text);
  const session = openChainSession(chain, calibrateChain(chain, provider, createRng(1)), 0, createRng(1));
  return session.reply(
    batch,
    Array.from({ length: batch.rows }, () => 'x'),
  );
}

const distinct = ({ rows, ...rest }: Matrix): number =>
  new Set(Array.from({ length: rows }, (_, row) => matrixRow({ rows, ...rest }, row).join())).size;

test('a codebook of as many words as clusters answers with their centers', () => {
  const got = replies('vector-quantization:words=4:parts=1', cloud(40, 0.1));
  expect(distinct(got)).toBeLessThanOrEqual(4);
  for (let row = 0; row < 40; row++)
    matrixRow(got, row).forEach((value, i) =>
      expect(Math.abs(value - (centers[row % 4]?.[i] ?? 0))).toBeLessThan(0.1),
    );
});

test('parts multiply the words', () => {
  const batch = cloud(400, 2);
  expect(distinct(replies('vector-quantization:words=3:parts=1:radius=100', batch))).toBeLessThanOrEqual(3);
  const product = distinct(replies('vector-quantization:words=3:parts=2:radius=100', batch));
  expect(product).toBeGreaterThan(3);
  expect(product).toBeLessThanOrEqual(9);
});

test('no reply is farther from the truth than the radius, wherever the truth lies', () => {
  const spread = Math.sqrt(
    calibrateChain(parseChain('rounding'), provider, rng)[0]?.standardDeviation.reduce(
      (sum, v) => sum + v * v,
      0,
    ) ?? 0,
  );
  const batch = cloud(100, 20);
  const got = replies('vector-quantization:words=4:parts=1:radius=0.3', batch);
  let farthest = 0;
  for (let row = 0; row < 100; row++) {
    const truth = matrixRow(batch, row);
    farthest = Math.max(
      farthest,
      Math.hypot(...matrixRow(got, row).map((value, i) => value - (truth[i] ?? 0))),
    );
  }
  expect(farthest / (0.3 * spread)).toBeCloseTo(1, 4);
});
