import { matrixRow, type Matrix } from '../../contract/data.ts';
import type { Multiplier } from './multiplier.ts';

export interface Nearest {
  /** `[rows]`; equal distances go to the lower cluster. */
  readonly clusters: Int32Array;
  /** `[rows]` squared distances. */
  readonly squares: Float64Array;
}

/** The nearest centroid of every row of a block: `‖x‖² - 2 x·c + ‖c‖²`, one product. */
export async function nearestCentroids(
  multiplier: Multiplier,
  block: Matrix,
  centroids: Matrix,
): Promise<Nearest> {
  const k = centroids.rows;
  const products = (await multiplier.matmul(block, centroids, { transposeB: true })).data;
  const lengths = squaredLengths(centroids);
  const own = squaredLengths(block);
  const clusters = new Int32Array(block.rows);
  const squares = new Float64Array(block.rows);
  for (let i = 0, at = 0; i < block.rows; i++) {
    let least = Infinity;
    for (let c = 0; c < k; c++, at++) {
      const distance = (lengths[c] ?? 0) - 2 * (products[at] ?? 0);
      if (distance < least) {
        least = distance;
        clusters[i] = c;
      }
    }
    squares[i] = Math.max(0, (own[i] ?? 0) + least);
  }
  return { clusters, squares };
}

/** Per row, in float64. */
export function squaredLengths(source: Matrix): Float64Array {
  return Float64Array.from({ length: source.rows }, (_, i) => {
    let sum = 0;
    for (const value of matrixRow(source, i)) sum += value * value;
    return sum;
  });
}
