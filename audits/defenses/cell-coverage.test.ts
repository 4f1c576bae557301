import { expect, test } from 'vitest';
import { type Matrix, matrix } from '../contract/data.ts';
import { createRng } from '../rng.ts';
import { calibrateChain, openChainSession, parseChain } from './chain.ts';
import { coverageOf } from './coverage-noise.ts';
import { providerCells } from './provider-cells.ts';

const dimension = 6;
const kinds = 8;

/** Rows of the first `count` of 8 well separated kinds of data, far from the origin. */
function dataOf(rows: number, count: number, seed: string): Matrix {
  const rng = createRng(seed);
  const data = Float32Array.from({ length: rows * dimension }, (_, i) => {
    const kind = Math.floor(i / dimension) % count;
    const bit = (kind >> ((i % dimension) % 3)) & 1;
    return 50 + 10 * bit + rng.normal();
  });
  return matrix(data, rows, dimension);
}

test('cells follow the data: one kind lies in few of them, all kinds in all', () => {
  const provider = dataOf(400, kinds, 'provider');
  const division = providerCells(provider, 16, createRng('cells'));
  expect(division.cells).toBe(16);
  expect(coverageOf(division, provider)).toBeGreaterThan(0.9);
  expect(coverageOf(division, dataOf(400, 1, 'one kind'))).toBeLessThan(0.4);
  expect(providerCells(dataOf(5, kinds, 'few'), 16, createRng('cells')).cells).toBe(5);
});

test('noise is alpha times the visited share to the power of the slope, in units of each dimension', () => {
  const provider = dataOf(400, kinds, 'provider');
  const residual = (text: string, stream: Matrix): number => {
    const chain = parseChain(text);
    const rng = createRng('service');
    const calibration = calibrateChain(chain, provider, rng);
    const session = openChainSession(chain, calibration, 0, rng);
    const names = Array.from({ length: stream.rows }, (_, row) => `input-${row}`);
    // The first pass visits, the second is measured at a coverage that no longer moves.
    session.reply(stream, names);
    const reply = session.reply(stream, names);
    const unit = calibration[0]?.standardDeviation ?? [];
    const squares = reply.data.reduce(
      (sum, value, at) => sum + ((value - (stream.data[at] ?? 0)) / (unit[at % dimension] ?? 1)) ** 2,
      0,
    );
    return Math.sqrt(squares / reply.data.length);
  };
  // All cells visited: alpha itself, within five standard errors of 2400 draws.
  expect(Math.abs(residual('cell-coverage:cells=8:alpha=2', provider) / 2 - 1)).toBeLessThan(
    5 / Math.sqrt(2 * provider.data.length),
  );
  // Half of the kinds: the noise falls with the power.
  const half = dataOf(400, kinds / 2, 'half');
  const [flat, steep] = [1, 4].map((slope) => residual(`cell-coverage:cells=8:alpha=2:slope=${slope}`, half));
  const share = (flat ?? 0) / 2;
  expect(share).toBeLessThan(0.9);
  // The share itself is known to 1.4 %, its fourth power to 6 %.
  expect(Math.abs((steep ?? 0) / (2 * share ** 4) - 1)).toBeLessThan(0.25);
});
