import { type Matrix, matrix, matrixRow } from '../contract/data.ts';
import type { ProviderStatistics } from '../contract/method.ts';
import { createRng, type Rng } from '../rng.ts';
import { calibrateChain, openChainMarks, openChainSession, parseChain } from './chain.ts';

/** For tests of marks: images with a dozen kinds, encoders of them, a service that marks its replies, and what thieves make of it. */

const LATENT = 16;
const KINDS = 12;
export const dimension = 64;

/** What an image shows `[rows, 16]`: its kind, and what is its own. */
export function pictures(rows: number, seed: string): Matrix {
  const kinds = createRng('kinds');
  const centers = Float64Array.from({ length: KINDS * LATENT }, () => kinds.normal());
  const rng = createRng(seed);
  const data = new Float32Array(rows * LATENT);
  for (let row = 0; row < rows; row++) {
    const kind = rng.integer(KINDS);
    for (let i = 0; i < LATENT; i++)
      data[row * LATENT + i] = (centers[kind * LATENT + i] ?? 0) + 0.7 * rng.normal();
  }
  return matrix(data, rows, LATENT);
}

/** An encoder: random features behind a ReLU, so that embeddings lie far from 0 and are sparse. Seeds share no coordinates. */
export function encode(shown: Matrix, seed: string): Matrix {
  const rng = createRng(seed);
  const weights = Float64Array.from({ length: LATENT * dimension }, () => rng.normal() / 4);
  const data = new Float32Array(shown.rows * dimension);
  for (let row = 0; row < shown.rows; row++)
    for (let i = 0; i < dimension; i++) {
      let sum = 0.5;
      for (let j = 0; j < LATENT; j++)
        sum += (shown.data[row * LATENT + j] ?? 0) * (weights[j * dimension + i] ?? 0);
      data[row * dimension + i] = Math.max(0, sum);
    }
  return matrix(data, shown.rows, dimension);
}

/** Rows that the provider holds, and a service with a key of its own. */
export interface Service {
  readonly clean: Matrix;
  readonly provider: ProviderStatistics;
  reply(embeddings: Matrix, account?: number): Matrix;
  /** How much of the mark under `key` (its own) a suspect carries, by its rows of the provider's images. */
  score(suspect: Matrix, key?: number, account?: number): number;
}

const OWN_KEY = 1;

export function serviceWith(defense: string, rows = 400): Service {
  const chain = parseChain(defense);
  const clean = encode(pictures(rows, 'provider'), 'victim');
  const calibration = calibrateChain(chain, clean, createRng(OWN_KEY));
  const [provider] = calibration;
  if (provider === undefined) throw new Error('no defense');
  return {
    clean,
    provider,
    reply: (embeddings, account = 0) =>
      openChainSession(chain, calibration, account, createRng(OWN_KEY)).reply(
        embeddings,
        Array.from({ length: embeddings.rows }, (_, row) => `image ${row}`),
      ),
    score(suspect, key = OWN_KEY, account = 0) {
      const [mark] = openChainMarks(chain, calibration, account, createRng(key));
      if (mark === undefined) throw new Error(`${defense} leaves no mark`);
      return mark.verify(suspect);
    },
  };
}

/** A copy that errs: noise of `share` of the rows' own spread. */
export function blurred(source: Matrix, share: number, seed: string): Matrix {
  const rng = createRng(seed);
  const mean = columnMeans(source);
  const spread = Math.sqrt(
    source.data.reduce((sum, value, at) => sum + (value - (mean[at % source.columns] ?? 0)) ** 2, 0) /
      source.data.length,
  );
  return changed(source, (value) => value + share * spread * rng.normal());
}

/** Turned by a random rotation, put together from rotations in random planes. */
export function turned(source: Matrix, rng: Rng): Matrix {
  const { columns } = source;
  const result = matrix(source.data.slice(), source.rows, columns);
  for (let plane = 0; plane < 12 * columns; plane++) {
    const [first, second] = rng.permutation(columns);
    const angle = 2 * Math.PI * rng.uniform();
    for (let row = 0; row < source.rows; row++) {
      const values = matrixRow(result, row);
      const [a, b] = [values[first ?? 0] ?? 0, values[second ?? 1] ?? 0];
      values[first ?? 0] = Math.cos(angle) * a - Math.sin(angle) * b;
      values[second ?? 1] = Math.sin(angle) * a + Math.cos(angle) * b;
    }
  }
  return result;
}

/** Coordinates in the order given. */
export function reordered(source: Matrix, order: ArrayLike<number>): Matrix {
  const columns = order.length;
  const data = new Float32Array(source.rows * columns);
  for (let row = 0; row < source.rows; row++)
    for (let i = 0; i < columns; i++)
      data[row * columns + i] = source.data[row * source.columns + (order[i] ?? 0)] ?? 0;
  return matrix(data, source.rows, columns);
}

export function changed(source: Matrix, change: (value: number, column: number) => number): Matrix {
  const { data, rows, columns } = source;
  return matrix(
    data.map((value, at) => change(value, at % columns)),
    rows,
    columns,
  );
}

/** Mean and largest absolute value of scores. */
export function around(scores: readonly number[]): { readonly mean: number; readonly largest: number } {
  return {
    mean: scores.reduce((sum, score) => sum + score, 0) / scores.length,
    largest: Math.max(...scores.map(Math.abs)),
  };
}

function columnMeans({ data, rows, columns }: Matrix): Float64Array {
  const mean = new Float64Array(columns);
  data.forEach((value, at) => (mean[at % columns] = (mean[at % columns] ?? 0) + value / rows));
  return mean;
}
