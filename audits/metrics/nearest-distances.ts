import { matrixRow, matrixRows, type Matrix } from '../contract/data.ts';
import type { MetricContext } from './metric.ts';

/** Rows whose distances are held at a time: a block of 512 x 2 000 float32 products is 4 MB. */
const BLOCK_ROWS = 512;

/** Distance of every row to its nearest other row: in either space, and in the two put side by side. */
export interface NearestDistances {
  readonly first: Float64Array;
  readonly second: Float64Array;
  readonly joint: Float64Array;
}

/**
 * Squared Euclidean nearest distances within `a [n, p]`, within `b [n, d]` and within `[a b] [n, p + d]`, by one product
 * per block and space.
 * @throws RangeError on differing rows or fewer than two
 */
export async function nearestSquaredDistances(
  { engine }: Pick<MetricContext, 'engine'>,
  a: Matrix,
  b: Matrix,
): Promise<NearestDistances> {
  if (a.rows !== b.rows || a.rows < 2) throw new RangeError(`neighbors among ${a.rows} and ${b.rows} rows`);
  const [first, second, joint] = [nothing(a.rows), nothing(a.rows), nothing(a.rows)];
  const [aSquares, bSquares] = [squaredLengths(a), squaredLengths(b)];
  for (let start = 0; start < a.rows; start += BLOCK_ROWS) {
    const end = Math.min(a.rows, start + BLOCK_ROWS);
    const aProducts = await engine.matmul(matrixRows(a, start, end), a, { transposeB: true });
    const bProducts = await engine.matmul(matrixRows(b, start, end), b, { transposeB: true });
    for (let row = start, at = 0; row < end; row++)
      for (let other = 0; other < a.rows; other++, at++) {
        if (other === row) continue;
        const far = (aSquares[row] ?? 0) + (aSquares[other] ?? 0) - 2 * (aProducts.data[at] ?? 0);
        const away = (bSquares[row] ?? 0) + (bSquares[other] ?? 0) - 2 * (bProducts.data[at] ?? 0);
        first[row] = Math.min(first[row] ?? 0, far);
        second[row] = Math.min(second[row] ?? 0, away);
        joint[row] = Math.min(joint[row] ?? 0, far + away);
      }
  }
  return { first, second, joint };
}

function nothing(length: number): Float64Array {
  return new Float64Array(length).fill(Infinity);
}

function squaredLengths(source: Matrix): Float64Array {
  return Float64Array.from({ length: source.rows }, (_, row) =>
    matrixRow(source, row).reduce((sum, value) => sum + value * value, 0),
  );
}
