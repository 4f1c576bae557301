import { matrix, matrixRow, type Matrix } from '../../contract/data.ts';
import type { Rng } from '../../rng.ts';
import type { Multiplier } from './multiplier.ts';
import { squaredLengths } from './nearest-centroids.ts';
import { readAllRows, strideRows, type Rows } from './row-blocks.ts';

/** Rows per cluster among which seeds are drawn; each seed costs a look at all of them. */
const ROWS_PER_SEED = 64;
const FEWEST_ROWS = 8192;

/**
 * k-means++: every seed is drawn in proportion to its squared distance from those before, the best of a few candidates
 * (as in scikit-learn: `2 + log k` of them). Drawn among evenly spaced rows where there are many.
 */
export async function seedCentroids(
  multiplier: Multiplier,
  source: Rows,
  k: number,
  rng: Rng,
): Promise<Matrix> {
  const wanted = Math.max(FEWEST_ROWS, ROWS_PER_SEED * k);
  const rows = await readAllRows(strideRows(source, Math.max(1, Math.floor(source.rows / wanted))));
  const lengths = squaredLengths(rows);
  const seeds = new Float32Array(k * rows.columns);
  const candidates = 2 + Math.floor(Math.log(k));
  let squares: Float64Array = new Float64Array(rows.rows).fill(1);
  for (let seed = 0; seed < k; seed++) {
    // The first is uniform, and best of one: there is nothing to be far from yet.
    const drawn = Array.from({ length: seed === 0 ? 1 : candidates }, () => drawProportional(squares, rng));
    const distances = await distancesTo(multiplier, rows, lengths, drawn);
    const lowered = distances.map((to) =>
      seed === 0 ? to : to.map((distance, i) => Math.min(distance, squares[i] ?? 0)),
    );
    const potentials = lowered.map((each) => each.reduce((sum, value) => sum + value, 0));
    const best = potentials.indexOf(Math.min(...potentials));
    squares = lowered[best] ?? squares;
    seeds.set(matrixRow(rows, drawn[best] ?? 0), seed * rows.columns);
  }
  return matrix(seeds, k, rows.columns);
}

/** A row in proportion to its weight; any row where all weights are zero. */
function drawProportional(weights: Float64Array, rng: Rng): number {
  const total = weights.reduce((sum, value) => sum + value, 0);
  if (!(total > 0)) return rng.integer(weights.length);
  let left = rng.uniform() * total;
  let last = 0;
  for (let i = 0; i < weights.length; i++) {
    const weight = weights[i] ?? 0;
    if (weight === 0) continue;
    last = i;
    left -= weight;
    if (left < 0) return i;
  }
  return last;
}

/** Squared distances of all rows to each of the chosen ones. */
async function distancesTo(
  multiplier: Multiplier,
  rows: Matrix,
  lengths: Float64Array,
  chosen: readonly number[],
): Promise<readonly Float64Array[]> {
  const targets = new Float32Array(chosen.length * rows.columns);
  chosen.forEach((row, i) => targets.set(matrixRow(rows, row), i * rows.columns));
  const products = await multiplier.matmul(rows, matrix(targets, chosen.length, rows.columns), {
    transposeB: true,
  });
  return chosen.map((row, i) =>
    lengths.map((length, at) =>
      at === row
        ? 0
        : Math.max(0, length + (lengths[row] ?? 0) - 2 * (products.data[at * chosen.length + i] ?? 0)),
    ),
  );
}
