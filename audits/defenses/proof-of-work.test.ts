import { expect, test } from 'vitest';
import { type Matrix, matrix, selectRows } from '../contract/data.ts';
import type { DefenseCharges } from '../contract/method.ts';
import { createRng } from '../rng.ts';
import { calibrateChain, openChainSession, parseChain } from './chain.ts';

const columns = 16;

/** Rows around `groups` directions: the fewer, the more each row resembles an earlier one. */
function rowsOf(rows: number, groups: number, seed: string): Matrix {
  const centers = createRng('centers');
  const directions = Float32Array.from({ length: 64 * columns }, () => 3 * centers.normal());
  const rng = createRng(seed);
  return matrix(
    Float32Array.from(
      { length: rows * columns },
      (_, i) =>
        (directions[(Math.floor(i / columns) % groups) * columns + (i % columns)] ?? 0) + rng.normal(),
    ),
    rows,
    columns,
  );
}

const provider = rowsOf(300, 4, 'provider');

function charge(stream: Matrix, settings = '', sample = provider): DefenseCharges {
  const chain = parseChain(`proof-of-work${settings}`);
  const session = openChainSession(chain, calibrateChain(chain, sample, createRng(1)), 0, createRng(1));
  session.reply(
    stream,
    Array.from({ length: stream.rows }, (_, row) => `${row}`),
  );
  return session.charges?.() ?? { seconds: Number.NaN, dollars: Number.NaN };
}

test('an account like the provider’s own takes about twice the time in all', () => {
  const { seconds } = charge(rowsOf(300, 4, 'customer'));
  // One service time of 0.1 s per query; bits are whole, which is within a factor of the square root of two.
  expect(seconds / 30).toBeGreaterThan(0.6);
  expect(seconds / 30).toBeLessThan(2);
});

test('broader queries cost more, repeats less', () => {
  const ordinary = charge(rowsOf(300, 4, 'customer')).seconds;
  const broad = charge(rowsOf(300, 64, 'thief')).seconds;
  const repeats = charge(
    selectRows(
      rowsOf(20, 4, 'customer'),
      Array.from({ length: 300 }, (_, i) => i % 20),
    ),
  ).seconds;
  expect(broad).toBeGreaterThan(3 * ordinary);
  // 1.0075^-q over q = 0 ... 280 is 0.42 in the mean; whole bits leave it below 0.7.
  expect(repeats).toBeLessThan(0.7 * ordinary);
});

test.each([
  [16, 0.24],
  [20, 2.9],
  [24, 23],
  [28, 666],
])('a puzzle of %i bits takes its measured %f s', (_, seconds) => {
  // The first query of an account costs one unit, as an ordinary account's does, where one image is all there is.
  const one = matrix(new Float32Array(columns).fill(1), 1, columns);
  expect(charge(one, `:serviceSeconds=${seconds}`, one).seconds).toBeCloseTo(seconds, 10);
});

test('a bit more doubles the time below and above the table', () => {
  const one = matrix(new Float32Array(columns).fill(1), 1, columns);
  expect(charge(one, `:serviceSeconds=${0.24 / 8}`, one).seconds).toBeCloseTo(0.24 / 8, 10);
  expect(charge(one, ':serviceSeconds=2664', one).seconds).toBeCloseTo(2664, 6);
});

test('work has a price, and none is asked where honest users shall not wait', () => {
  const { seconds, dollars } = charge(rowsOf(50, 4, 'customer'), ':dollarsPerCoreHour=36');
  expect(dollars).toBeCloseTo(seconds / 100, 10);
  expect(charge(rowsOf(50, 4, 'customer'), ':honestFactor=1').seconds).toBe(0);
});
