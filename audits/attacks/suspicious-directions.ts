import { type Matrix, matrix, matrixRow, selectRows } from '../contract/data.ts';
import { normalizeRows } from '../tensor/linear-algebra/cosine-neighbors.ts';
import { crossProduct } from '../tensor/linear-algebra/gram.ts';
import { kMeans } from '../tensor/linear-algebra/k-means.ts';
import type { Multiplier } from '../tensor/linear-algebra/multiplier.ts';
import { eigenSymmetric } from '../tensor/linear-algebra/symmetric-eigen.ts';
import type { Rng } from '../rng.ts';

/** Rows of a cluster, about: pairs are compared within clusters, and their number grows with the square. */
const CLUSTER_ROWS = 256;
/** Passes of k-means: clusters need to bring alike rows together, not to be a minimum. */
const PASSES = 20;
/** Pairs kept as suspicious, per row (WARDEN's code keeps about this many). */
const PAIRS_PER_ROW = 0.025;

/** Replies without the directions that made some pairs of them too much alike. */
export interface Cleansed {
  /** `[rows, dimension]`, every row of the length it had. */
  readonly replies: Matrix;
  readonly pairs: number;
  readonly directions: number;
  /** Squared length taken out, over all squared length. */
  readonly removedShare: number;
}

/**
 * Clustering, selection, elimination (CSE; Shetty et al. 2024, WARDEN, section 3.2): a mark that draws replies to one target makes
 * pairs of them more alike than the images are. Within clusters of replies the pairs are ranked by cosine, once by the replies and
 * once by a public encoder; those whose rank rises most are suspicious. The strongest directions of their rows are taken out of
 * all replies, and lengths are put back.
 * @param replies `[rows, dimension]` @param known a public encoder's embeddings of the same images `[rows, any]`
 * @param count directions taken out; fewer where the suspicious rows span fewer
 */
export async function removeSuspiciousDirections(
  multiplier: Multiplier,
  replies: Matrix,
  known: Matrix,
  count: number,
  rng: Rng,
): Promise<Cleansed> {
  const [seen, expected] = [normalizeRows(replies), normalizeRows(known)];
  const clusters = Math.max(1, Math.round(replies.rows / CLUSTER_ROWS));
  const { assignments } = await kMeans(multiplier, seen, clusters, rng, { maxIterations: PASSES });
  const wanted = Math.max(1, Math.round(PAIRS_PER_ROW * replies.rows));
  let pairs: readonly Pair[] = [];
  for (let cluster = 0; cluster < clusters; cluster++) {
    const rows = [...assignments.keys()].filter((row) => assignments[row] === cluster);
    pairs = mostSuspicious([...pairs, ...(await risenPairs(multiplier, seen, expected, rows))], wanted);
  }
  const rows = [...new Set(pairs.flatMap(({ first, second }) => [first, second]))].sort((a, b) => a - b);
  const directions = await strongestDirections(multiplier, selectRows(seen, rows), count);
  return { ...(await without(multiplier, replies, directions)), pairs: pairs.length };
}

interface Pair {
  readonly first: number;
  readonly second: number;
  /** Rank by the replies less rank by the public encoder, as a share of the cluster's pairs. */
  readonly rise: number;
}

async function risenPairs(
  multiplier: Multiplier,
  seen: Matrix,
  expected: Matrix,
  rows: readonly number[],
): Promise<readonly Pair[]> {
  const ranksOf = async (source: Matrix): Promise<Float64Array> => {
    const part = selectRows(source, rows);
    const cosines = await multiplier.matmul(part, part, { transposeB: true });
    return ranks(upperTriangle(cosines));
  };
  const [found, natural] = [await ranksOf(seen), await ranksOf(expected)];
  const total = Math.max(1, found.length);
  const pairs: Pair[] = [];
  rows.forEach((first, i) => {
    for (const second of rows.slice(i + 1)) {
      const at = pairs.length;
      pairs.push({ first, second, rise: ((found[at] ?? 0) - (natural[at] ?? 0)) / total });
    }
  });
  return pairs;
}

function mostSuspicious(pairs: readonly Pair[], wanted: number): readonly Pair[] {
  return [...pairs]
    .sort((a, b) => b.rise - a.rise || a.first - b.first || a.second - b.second)
    .slice(0, wanted);
}

/** Values above the diagonal, row after row. */
function upperTriangle({ data, rows, columns }: Matrix): Float64Array {
  const values = new Float64Array((rows * (rows - 1)) / 2);
  let at = 0;
  for (let i = 0; i < rows; i++) for (let j = i + 1; j < rows; j++) values[at++] = data[i * columns + j] ?? 0;
  return values;
}

/** Place of every value when sorted ascending; equal values in the order in which they stand. */
function ranks(values: Float64Array): Float64Array {
  const order = Array.from(values.keys()).sort((a, b) => (values[a] ?? 0) - (values[b] ?? 0) || a - b);
  const places = new Float64Array(values.length);
  order.forEach((value, place) => (places[value] = place));
  return places;
}

/** Right singular vectors of the rows, uncentred as published, strongest first: `[at most count, columns]`. */
async function strongestDirections(multiplier: Multiplier, rows: Matrix, count: number): Promise<Matrix> {
  const { columns } = rows;
  const data = await crossProduct(multiplier, rows, rows);
  const { vectors } = eigenSymmetric({ data: Float64Array.from(data), rows: columns, columns });
  const kept = Math.min(count, rows.rows, columns - 1);
  return matrix(Float32Array.from(vectors.data.subarray(0, kept * columns)), kept, columns);
}

async function without(
  multiplier: Multiplier,
  replies: Matrix,
  directions: Matrix,
): Promise<Omit<Cleansed, 'pairs'>> {
  const shares = await multiplier.matmul(replies, directions, { transposeB: true });
  const removed = await multiplier.matmul(shares, directions);
  const data = replies.data.map((value, at) => value - (removed.data[at] ?? 0));
  const cleansed = matrix(data, replies.rows, replies.columns);
  const [gone, all] = [squaredLength(removed.data), squaredLength(replies.data)];
  for (let row = 0; row < replies.rows; row++) {
    const values = matrixRow(cleansed, row);
    const [before, after] = [squaredLength(matrixRow(replies, row)), squaredLength(values)];
    if (after > 0)
      for (let i = 0; i < values.length; i++) values[i] = (values[i] ?? 0) * Math.sqrt(before / after);
  }
  return { replies: cleansed, directions: directions.rows, removedShare: all > 0 ? gone / all : 0 };
}

function squaredLength(values: Float32Array): number {
  let sum = 0;
  for (const value of values) sum += value * value;
  return sum;
}
