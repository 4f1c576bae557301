import { matrix, matrixRow, type Matrix } from '../../contract/data.ts';
import type { Rng } from '../../rng.ts';
import { seedCentroids } from './k-means-seeding.ts';
import type { Multiplier } from './multiplier.ts';
import { asRowBlocks, mapBlocks, type Rows } from './row-blocks.ts';
import { nearestCentroids } from './nearest-centroids.ts';
import { centerColumns, columnMeans } from './standardize.ts';

export interface Clusters {
  /** `[k, columns]` */
  readonly centroids: Matrix;
  /** Cluster per row. */
  readonly assignments: Int32Array;
  /** Sum of squared distances of the rows to their centroids. */
  readonly inertia: number;
  readonly iterations: number;
  /** No row changed its cluster in the last pass. */
  readonly converged: boolean;
}

export interface KMeansOptions {
  readonly maxIterations?: number;
  /** `[k, columns]` centroids to begin with, instead of seeding. */
  readonly start?: Matrix | undefined;
}

/**
 * Lloyd's algorithm from a k-means++ seeding (Arthur & Vassilvitskii 2007). A cluster that loses all its rows is given
 * the row farthest from its own centroid. One pass per iteration; memory: a block, `[k, columns]` and an integer a row.
 * @throws RangeError unless 1 <= k <= rows
 */
export async function kMeans(
  multiplier: Multiplier,
  source: Rows,
  k: number,
  rng: Rng,
  options: KMeansOptions = {},
): Promise<Clusters> {
  if (!(k >= 1 && k <= source.rows)) throw new RangeError(`${k} clusters of ${source.rows} rows`);
  const p = source.columns;
  // Distances are differences of products: an offset common to all rows would cost their digits.
  const mean = await columnMeans(source);
  const rows = mapBlocks(source, p, (block) => centerColumns(block, mean));
  const start = options.start === undefined ? undefined : centerColumns(options.start, mean);
  let centroids = start ?? (await seedCentroids(multiplier, rows, k, rng));
  const assignments = new Int32Array(source.rows).fill(-1);
  const most = options.maxIterations ?? 300;
  for (let iterations = 1; ; iterations++) {
    const pass = await assign(multiplier, rows, centroids, assignments);
    const converged = pass.changed === 0;
    if (converged || iterations >= most) {
      const back = mean.map((value) => -value);
      return {
        centroids: centerColumns(centroids, back),
        assignments,
        inertia: pass.inertia,
        iterations,
        converged,
      };
    }
    centroids = await movedCentroids(multiplier, rows, centroids, pass);
  }
}

interface Pass {
  readonly changed: number;
  readonly inertia: number;
  /** `[k, columns]` sums of the rows of each cluster. */
  readonly sums: Float64Array;
  readonly counts: Int32Array;
}

/** Gives every row its nearest centroid and adds the rows up. */
async function assign(
  multiplier: Multiplier,
  rows: Rows,
  centroids: Matrix,
  assignments: Int32Array,
): Promise<Pass> {
  const { rows: k, columns: p } = centroids;
  const sums = new Float64Array(k * p);
  const counts = new Int32Array(k);
  let changed = 0;
  let inertia = 0;
  let row = 0;
  for await (const block of asRowBlocks(rows).blocks()) {
    const nearest = await nearestCentroids(multiplier, block, centroids);
    for (let i = 0; i < block.rows; i++, row++) {
      const cluster = nearest.clusters[i] ?? 0;
      if (assignments[row] !== cluster) changed++;
      assignments[row] = cluster;
      counts[cluster] = (counts[cluster] ?? 0) + 1;
      inertia += nearest.squares[i] ?? 0;
      for (let j = 0, at = cluster * p, from = i * p; j < p; j++, at++, from++)
        sums[at] = (sums[at] ?? 0) + (block.data[from] ?? 0);
    }
  }
  return { changed, inertia, sums, counts };
}

async function movedCentroids(
  multiplier: Multiplier,
  rows: Rows,
  centroids: Matrix,
  { sums, counts }: Pass,
): Promise<Matrix> {
  const { rows: k, columns: p } = centroids;
  const empty = Array.from(counts.keys()).filter((cluster) => counts[cluster] === 0);
  const farthest = empty.length > 0 ? await farthestRows(multiplier, rows, centroids, empty.length) : [];
  // The row moves: its old cluster no longer counts it.
  empty.forEach((cluster, i) => {
    const taken = farthest[i];
    if (taken === undefined) return;
    counts[taken.cluster] = (counts[taken.cluster] ?? 0) - 1;
    counts[cluster] = 1;
    for (let j = 0; j < p; j++) {
      const value = taken.row[j] ?? 0;
      sums[taken.cluster * p + j] = (sums[taken.cluster * p + j] ?? 0) - value;
      sums[cluster * p + j] = value;
    }
  });
  const data = Float32Array.from(centroids.data, (old, at) => {
    const count = counts[Math.floor(at / p)] ?? 0;
    return count > 0 ? (sums[at] ?? 0) / count : old;
  });
  return matrix(data, k, p);
}

interface FarRow {
  readonly squares: number;
  readonly cluster: number;
  readonly row: Float32Array;
}

/** The `count` rows farthest from their centroids, farthest first. */
async function farthestRows(
  multiplier: Multiplier,
  rows: Rows,
  centroids: Matrix,
  count: number,
): Promise<readonly FarRow[]> {
  let found: readonly FarRow[] = [];
  for await (const block of asRowBlocks(rows).blocks()) {
    const { clusters, squares } = await nearestCentroids(multiplier, block, centroids);
    const candidates = Array.from(squares.keys())
      .sort((a, b) => (squares[b] ?? 0) - (squares[a] ?? 0))
      .slice(0, count)
      .map((i) => ({
        squares: squares[i] ?? 0,
        cluster: clusters[i] ?? 0,
        row: Float32Array.from(matrixRow(block, i)),
      }));
    found = [...found, ...candidates].sort((a, b) => b.squares - a.squares).slice(0, count);
  }
  return found;
}
