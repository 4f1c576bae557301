import { expect, test } from 'vitest';
import { type Matrix, matrix } from '../contract/data.ts';
import type { Detection } from '../contract/method.ts';
import { createRng } from '../rng.ts';
import { calibrateChain, openChainSession, parseChain } from './chain.ts';

const columns = 64;

function naturalRows(rows: number, seed: string): Matrix {
  const rng = createRng(seed);
  return matrix(
    Float32Array.from({ length: rows * columns }, () => rng.normal()),
    rows,
    columns,
  );
}

/** A few seeds, then copies of earlier rows moved by a step: distances of two kinds, as synthetic queries have. */
function syntheticRows(rows: number, seed: string): Matrix {
  const rng = createRng(seed);
  const seeds = 40;
  const data = Float32Array.from(naturalRows(rows, seed).data);
  for (let row = seeds; row < rows; row++)
    for (let i = 0; i < columns; i++)
      data[row * columns + i] =
        (data[(row % seeds) * columns + i] ?? 0) + 0.05 * (rng.uniform() < 0.5 ? -1 : 1) * (1 + (row % 3));
  return matrix(data, rows, columns);
}

const provider = naturalRows(300, 'provider');
const names = (rows: number): string[] => Array.from({ length: rows }, (_, row) => `${row}`);

function watch(stream: Matrix, settings = ''): { readonly answered: number; readonly detection: Detection } {
  const chain = parseChain(`prada${settings}`);
  const session = openChainSession(chain, calibrateChain(chain, provider, createRng(3)), 0, createRng(3));
  const { rows } = session.reply(stream, names(stream.rows));
  return { answered: rows, detection: session.detection?.() ?? { score: Number.NaN, alarmAtRow: null } };
}

test('natural queries pass, synthetic ones raise the alarm at a multiple of ten queries', () => {
  expect(watch(naturalRows(400, 'customer')).detection.alarmAtRow).toBeNull();
  const { answered, detection } = watch(syntheticRows(400, 'thief'));
  expect(answered).toBe(400);
  expect(detection.score).toBeGreaterThan(0.1);
  expect(detection.alarmAtRow).not.toBeNull();
  expect(((detection.alarmAtRow ?? 0) + 1) % 10).toBe(0);
});

test('no test before more than a hundred distances: a thief with few queries is not seen', () => {
  expect(watch(syntheticRows(100, 'thief')).detection).toEqual({ score: 0, alarmAtRow: null });
});

test('refuse answers the rows before the alarm and none after', () => {
  const stream = syntheticRows(400, 'thief');
  const { alarmAtRow } = watch(stream).detection;
  expect(watch(stream, ':action=refuse').answered).toBe(alarmAtRow);
});

test('delta decides how far from normal is an alarm', () => {
  const stream = syntheticRows(400, 'thief');
  const { score } = watch(stream, ':delta=0.01').detection;
  expect(watch(stream, ':delta=0.01').detection.alarmAtRow).toBeNull();
  expect(watch(stream, `:delta=${(1 - score + 0.001).toFixed(4)}`).detection.alarmAtRow).not.toBeNull();
});

test('an outlier beyond three standard deviations is left out', () => {
  const stream = naturalRows(400, 'customer');
  const data = stream.data.slice();
  // Twenty-fold the norm: one distance far from all others.
  for (let i = 0; i < columns; i++) data[150 * columns + i] = 20 * (data[150 * columns + i] ?? 0);
  const { detection } = watch(matrix(data, 400, columns));
  expect(detection.alarmAtRow).toBeNull();
});
