import { type Matrix, matrix, matrixRow, selectRows } from '../contract/data.ts';
import type { Rng } from '../rng.ts';
import { normalizeRows, topKCosine } from '../tensor/linear-algebra/cosine-neighbors.ts';
import { kMeans } from '../tensor/linear-algebra/k-means.ts';
import type { Multiplier } from '../tensor/linear-algebra/multiplier.ts';
import { fitProcrustes } from '../tensor/linear-algebra/procrustes.ts';
import { centerColumns, columnMeans } from '../tensor/linear-algebra/standardize.ts';
import type { AccountMap } from './account-maps.ts';

/** Clusters per round; mini-vec2vec's 20. */
const CLUSTERS = 20;
/** Rows a cluster should have on average, lest its center be noise. */
const ROWS_PER_CLUSTER = 5;
/** Rounds of clustering and matching; the better half of them is used. */
const ROUNDS = 10;
/** Starts of the search for a matching, per round. */
const RESTARTS = 30;
/** Rows of the other account whose mean stands in for an unknown partner. */
const PARTNERS = 5;
/** First refinement pass: rounds of partners sought anew. */
const PARTNER_ROUNDS = 10;
/** Second pass: rounds of fine clusters of the target carried over, so that each row's partner is the center of its cell. */
const CELL_ROUNDS = 3;
const MOST_CELLS = 400;
const FEW_PASSES = { maxIterations: 5 } as const;

/**
 * Aligns two accounts of one model that were never asked about the same image, up to a rotation (after mini-vec2vec,
 * arXiv:2510.02348): centre and normalise; cluster both and match the clusters by how similar they are among themselves;
 * find partners by similarity to the matched centers; Procrustes; two refinement passes.
 * @param from `[rows, dimension]` @param to replies to other images of the same kind `[rows, dimension]`
 * @returns undefined where the widths differ, or too few rows are there to be clustered
 */
export async function alignUnpaired(
  multiplier: Multiplier,
  from: Matrix,
  to: Matrix,
  rng: Rng,
): Promise<AccountMap | undefined> {
  const clusters = Math.min(CLUSTERS, Math.floor(Math.min(from.rows, to.rows) / ROWS_PER_CLUSTER));
  if (from.columns !== to.columns || clusters < 3) return undefined;
  const [fromMean, toMean] = [await columnMeans(from), await columnMeans(to)];
  const [fromCentered, toCentered] = [centerColumns(from, fromMean), centerColumns(to, toMean)];
  const [x, y] = [normalizeRows(fromCentered), normalizeRows(toCentered)];

  const [xSimilar, ySimilar] = await similaritiesToMatchedCenters(multiplier, x, y, clusters, rng);
  let rotation = await rotationOnto(multiplier, x, await partners(multiplier, xSimilar, ySimilar, y));
  for (let round = 0; round < PARTNER_ROUNDS; round++) {
    const turned = await multiplier.matmul(x, rotation);
    rotation = await rotationOnto(multiplier, x, await partners(multiplier, turned, y, y));
  }
  const cells = Math.min(MOST_CELLS, Math.floor(Math.min(from.rows, to.rows) / ROWS_PER_CLUSTER));
  for (let round = 0; round < CELL_ROUNDS; round++) {
    const centers = (await kMeans(multiplier, y, cells, rng.derive(`cells/${round}`), FEW_PASSES)).centroids;
    const turned = await multiplier.matmul(x, rotation);
    const carried = await kMeans(multiplier, turned, cells, rng, { ...FEW_PASSES, start: centers });
    rotation = await rotationOnto(multiplier, x, selectRows(centers, carried.assignments));
  }
  const scale = norm(toCentered) / Math.sqrt(to.rows) / (norm(fromCentered) / Math.sqrt(from.rows) || 1);
  return async (replies) => {
    const turned = await multiplier.matmul(centerColumns(replies, fromMean), rotation);
    return matrix(
      turned.data.map((value, at) => scale * value + (toMean[at % to.columns] ?? 0)),
      turned.rows,
      turned.columns,
    );
  };
}

/** Each row's cosines with the centers that both sides have in common, rounds side by side: comparable across accounts. */
async function similaritiesToMatchedCenters(
  multiplier: Multiplier,
  x: Matrix,
  y: Matrix,
  clusters: number,
  rng: Rng,
): Promise<readonly [Matrix, Matrix]> {
  const rounds: { readonly agreement: number; readonly xCenters: Matrix; readonly yCenters: Matrix }[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const roundRng = rng.derive(`round/${round}`);
    const [xCenters, yCenters] = [
      normalizeRows((await kMeans(multiplier, x, clusters, roundRng.derive('from'))).centroids),
      normalizeRows((await kMeans(multiplier, y, clusters, roundRng.derive('to'))).centroids),
    ];
    const { partner, agreement } = matchCenters(
      await multiplier.matmul(xCenters, xCenters, { transposeB: true }),
      await multiplier.matmul(yCenters, yCenters, { transposeB: true }),
      roundRng,
    );
    rounds.push({ agreement, xCenters, yCenters: selectRows(yCenters, partner) });
  }
  const best = rounds.toSorted((a, b) => b.agreement - a.agreement).slice(0, Math.ceil(ROUNDS / 2));
  return [
    normalizeRows(
      await multiplier.matmul(x, stacked(best.map(({ xCenters }) => xCenters)), { transposeB: true }),
    ),
    normalizeRows(
      await multiplier.matmul(y, stacked(best.map(({ yCenters }) => yCenters)), { transposeB: true }),
    ),
  ];
}

/**
 * The permutation under which two similarity matrices `[k, k]` agree best (a quadratic assignment): swaps of two partners
 * as long as one helps, from the order of the rows' similarity profiles and from random starts.
 * @returns `partner[i]`, and the agreement `sum_ij a_ij b_(partner i, partner j)`
 */
export function matchCenters(
  a: Matrix,
  b: Matrix,
  rng: Rng,
): { readonly partner: Uint32Array; readonly agreement: number } {
  const count = a.rows;
  let best: { readonly partner: Uint32Array; readonly agreement: number } = {
    partner: new Uint32Array(0),
    agreement: -Infinity,
  };
  for (let start = 0; start <= RESTARTS; start++) {
    const partner = start === 0 ? profileMatching(a, b) : rng.derive(`start/${start}`).permutation(count);
    for (let improved = true; improved;) {
      improved = false;
      for (let i = 0; i < count; i++)
        for (let j = 0; j < i; j++)
          // Float32 similarities: a gain below this is rounding, and could swap for ever.
          if (swapGain(a, b, partner, i, j) > 1e-6) {
            [partner[i], partner[j]] = [partner[j] ?? 0, partner[i] ?? 0];
            improved = true;
          }
    }
    const agreement = agreementOf(a, b, partner);
    if (agreement > best.agreement) best = { partner, agreement };
  }
  return best;
}

/** Greedy: rows whose sorted similarities are nearest become partners first. */
function profileMatching(a: Matrix, b: Matrix): Uint32Array<ArrayBuffer> {
  const count = a.rows;
  const profiles = (source: Matrix): readonly Float32Array[] =>
    Array.from({ length: count }, (_, row) => matrixRow(source, row).toSorted());
  const [left, right] = [profiles(a), profiles(b)];
  const pairs = left.flatMap((x, i) =>
    right.map((y, j) => ({
      i,
      j,
      distance: x.reduce((sum, value, at) => sum + (value - (y[at] ?? 0)) ** 2, 0),
    })),
  );
  const partner = new Uint32Array(count);
  const [usedLeft, usedRight] = [new Set<number>(), new Set<number>()];
  for (const { i, j } of pairs.sort((p, q) => p.distance - q.distance || p.i - q.i || p.j - q.j)) {
    if (usedLeft.has(i) || usedRight.has(j)) continue;
    partner[i] = j;
    usedLeft.add(i);
    usedRight.add(j);
  }
  return partner;
}

/** What the agreement gains when rows `i` and `j` exchange their partners; the matrices are symmetric. */
function swapGain(a: Matrix, b: Matrix, partner: Uint32Array, i: number, j: number): number {
  const [left, right] = [partner[i] ?? 0, partner[j] ?? 0];
  let gain = 0;
  for (let k = 0; k < a.rows; k++) {
    if (k === i || k === j) continue;
    const other = partner[k] ?? 0;
    gain += (entry(a, i, k) - entry(a, j, k)) * (entry(b, right, other) - entry(b, left, other));
  }
  return 2 * gain;
}

function agreementOf(a: Matrix, b: Matrix, partner: Uint32Array): number {
  let sum = 0;
  for (let i = 0; i < a.rows; i++)
    for (let j = 0; j < a.rows; j++) sum += entry(a, i, j) * entry(b, partner[i] ?? 0, partner[j] ?? 0);
  return sum;
}

function entry({ data, columns }: Matrix, row: number, column: number): number {
  return data[row * columns + column] ?? 0;
}

/** For every row the mean of `values` over the rows of `gallery` most similar to it. */
async function partners(
  multiplier: Multiplier,
  queries: Matrix,
  gallery: Matrix,
  values: Matrix,
): Promise<Matrix> {
  const { indices, k } = await topKCosine(multiplier, queries, gallery, PARTNERS);
  const data = new Float32Array(queries.rows * values.columns);
  for (let row = 0; row < queries.rows; row++)
    for (let rank = 0; rank < k; rank++)
      matrixRow(values, indices[row * k + rank] ?? 0).forEach((value, i) => {
        data[row * values.columns + i] = (data[row * values.columns + i] ?? 0) + value / k;
      });
  return matrix(data, queries.rows, values.columns);
}

async function rotationOnto(multiplier: Multiplier, x: Matrix, y: Matrix): Promise<Matrix> {
  return (await fitProcrustes(multiplier, x, y)).rotation;
}

function stacked(parts: readonly Matrix[]): Matrix {
  const columns = parts[0]?.columns ?? 0;
  const rows = parts.reduce((sum, part) => sum + part.rows, 0);
  const data = new Float32Array(rows * columns);
  let at = 0;
  for (const part of parts) {
    data.set(part.data, at);
    at += part.data.length;
  }
  return matrix(data, rows, columns);
}

function norm({ data }: Matrix): number {
  return Math.sqrt(data.reduce((sum, value) => sum + value * value, 0));
}
