import { describe, expect, test } from 'vitest';
import { type Matrix, matrix, matrixRows } from '../contract/data.ts';
import { createRng } from '../rng.ts';
import { calibratedBeta, coverageSigma, signBuckets } from './b4b.ts';
import { calibrateChain, openChainSession, parseChain } from './chain.ts';
import { coverageOf } from './coverage-noise.ts';

const dimension = 8;
const clusters = 20;

/** Embeddings of `count` of 20 clusters, shifted away from the origin by `offset`. */
function clustered(rows: number, count: number, seed: string, offset = 0): Matrix {
  const place = createRng('clusters');
  const centers = Float64Array.from({ length: clusters * dimension }, () => 2 * place.normal());
  const rng = createRng(seed);
  const data = Float32Array.from({ length: rows * dimension }, (_, i) => {
    const cluster = Math.floor(i / dimension) % count;
    return offset + (centers[cluster * dimension + (i % dimension)] ?? 0) + 0.3 * rng.normal();
  });
  return matrix(data, rows, dimension);
}

const inputs = (rows: number): string[] => Array.from({ length: rows }, (_, row) => `input-${row}`);

/** Standard deviation of (reply - clean) over the last rows of an account's stream. */
function noiseAtEnd(text: string, stream: Matrix, provider: Matrix): number {
  const chain = parseChain(text);
  const rng = createRng('service');
  const session = openChainSession(chain, calibrateChain(chain, provider, rng), 0, rng);
  const reply = session.reply(stream, inputs(stream.rows));
  const last = stream.data.length - 100 * dimension;
  let squares = 0;
  for (let at = last; at < stream.data.length; at++)
    squares += ((reply.data[at] ?? 0) - (stream.data[at] ?? 0)) ** 2;
  return Math.sqrt(squares / (100 * dimension));
}

test.each([
  [10, 4.5e-6],
  [30, 1.6e-4],
  [40, 8.9e-4],
  [50, 4.9e-3],
  [60, 0.027],
  [70, 0.15],
  [80, 0.8],
  [90, 4.4],
])('with the published settings the noise at %f %% of the buckets is %f', (percent, sigma) => {
  const published = { alpha: 0.8, beta: 80, lambda: 1e-6 };
  expect(Number(coverageSigma(percent, published).toPrecision(2))).toBe(sigma);
  expect(coverageSigma(0, published)).toBe(0);
});

test('an account that has been everywhere gets noise, a number that float32 holds, and no clean row', () => {
  const stream = clustered(400, clusters, 'thief');
  const noise = noiseAtEnd('b4b:bits=2:beta=5:calibrate=false', stream, stream);
  expect(noise).toBeGreaterThan(1e5);
});

test('centred hyperplanes see what hyperplanes through the origin do not', () => {
  const everything = clustered(2000, clusters, 'provider', 20);
  const [provider] = calibrateChain(parseChain('b4b'), everything, createRng('service'));
  if (provider === undefined) throw new Error('no calibration');
  const cover = (centering: boolean): number =>
    coverageOf(signBuckets({ bits: 8, centering }, provider, createRng('planes')), everything);
  expect(cover(false)).toBeLessThan(0.1);
  expect(cover(true)).toBeGreaterThan(3 * cover(false));
});

describe('calibration', () => {
  const provider = clustered(1000, clusters, 'provider', 5);

  test('an honest user of one kind of data stays below the onset, whoever asks for all of it does not', () => {
    const text = 'b4b:scale=absolute';
    const thief = noiseAtEnd(text, clustered(1000, clusters, 'thief', 5), provider);
    const honest = noiseAtEnd(text, clustered(1000, 1, 'honest', 5), provider);
    const [statistics] = calibrateChain(parseChain(text), provider, createRng('service'));
    const spread = Math.sqrt(
      Array.from(statistics?.standardDeviation ?? []).reduce((sum, value) => sum + value * value, 0) /
        dimension,
    );
    expect(honest).toBeLessThan(0.01 * spread);
    expect(thief).toBeGreaterThan(0.01 * spread);
  });

  test('puts the onset, a hundredth of a standard deviation, between the two coverages', () => {
    const [statistics] = calibrateChain(parseChain('b4b'), provider, createRng('service'));
    const { config } = parseChain('b4b')[0] ?? {};
    if (statistics === undefined || config === undefined) throw new Error('no calibration');
    const settings = { alpha: 0.8, lambda: 1e-6, bits: 12, centering: true } as const;
    const buckets = signBuckets(settings, statistics, createRng('planes'));
    const beta = calibratedBeta(
      { ...settings, beta: 80, scale: 'relative', calibrate: true },
      statistics,
      buckets,
      createRng('service'),
    );
    const whole = 100 * coverageOf(buckets, provider);
    expect(coverageSigma(whole, { ...settings, beta })).toBeGreaterThan(0.01);
    expect(coverageSigma(whole / 2, { ...settings, beta })).toBeLessThan(0.01);
  });
});

test('noise is fresh for every reply: r averaged repeats leave 1/r of its variance', () => {
  const chain = parseChain('b4b:bits=1:beta=50:calibrate=false');
  const provider = clustered(300, clusters, 'provider');
  const rng = createRng('service');
  const session = openChainSession(chain, calibrateChain(chain, provider, rng), 0, rng);
  const clean = clustered(200, clusters, 'queries');
  // Visits both buckets first, so that all repeats get the same noise.
  session.reply(clean, inputs(200));
  const residual = (repeats: number): number => {
    const sum = new Float64Array(clean.data.length);
    for (let repeat = 0; repeat < repeats; repeat++)
      session
        .reply(clean, inputs(200))
        .data.forEach((value, at) => (sum[at] = (sum[at] ?? 0) + value / repeats));
    return sum.reduce((total, value, at) => total + (value - (clean.data[at] ?? 0)) ** 2, 0) / sum.length;
  };
  // 1600 draws each: a ratio of two such variances is within 15 %.
  const ratio = residual(8) / residual(1);
  expect(ratio).toBeGreaterThan(0.125 * 0.85);
  expect(ratio).toBeLessThan(0.125 * 1.15);
});

test('state belongs to the account: calibration and other accounts leave no trace', () => {
  const chain = parseChain('b4b');
  const provider = clustered(300, clusters, 'provider');
  const rng = createRng('service');
  const calibration = calibrateChain(chain, provider, rng);
  const fresh = openChainSession(chain, calibration, 3, rng).reply(matrixRows(provider, 0, 5), inputs(5));
  openChainSession(chain, calibration, 2, rng).reply(provider, inputs(300));
  calibrateChain(chain, provider, rng);
  const again = openChainSession(chain, calibration, 3, rng).reply(matrixRows(provider, 0, 5), inputs(5));
  expect(again.data).toEqual(fresh.data);
});

test('stages behind it are calibrated on replies without noise', () => {
  const chain = parseChain('b4b:bits=2:beta=5:calibrate=false+account-transform');
  const provider = clustered(300, clusters, 'provider');
  const [first, second] = calibrateChain(chain, provider, createRng('service'));
  expect(second?.embeddings.data).toEqual(first?.embeddings.data);
});

test.each([
  ['b4b:beta=60', /b4b: beta is chosen/],
  ['b4b:lambda=0.9:alpha=0.5', /b4b: lambda must be below alpha/],
  ['b4b:bits=64', /b4b: bits/],
])('%s is refused with a reason', (text, reason) => {
  expect(() => parseChain(text)).toThrow(reason);
});
