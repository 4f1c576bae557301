import type { DoubleMatrix } from '../../contract/data.ts';
import { scaleRows } from './double-matrix.ts';
import type { Multiplier } from './multiplier.ts';
import { eigenSymmetric, type SymmetricEigen } from './symmetric-eigen.ts';

/**
 * From this width on, a full decomposition takes seconds (`docs/adr/0004`), and what is known to have a low rank is decomposed
 * within it. A copy's embeddings have the rank of its last hidden layer, however wide they are.
 */
export const WIDE_COLUMNS = 1024;
/** Ranks up to this share of the width count as low: a quarter costs a 64th of the whole decomposition. */
export const LOW_RANK_SHARE = 1 / 4;
/** Of the trace: what float64 products leave of a direction that is not there. */
const NOTHING_SHARE = 1e-15;

/**
 * Eigenvalues above rounding and their vectors `[rank, size]`, of a positive semidefinite matrix of low rank: Cholesky with
 * diagonal pivoting (Higham 1990, "Analysis of the Cholesky decomposition of a semi-definite matrix") down to nothing, then the
 * decomposition of the factor's own Gram matrix `[rank, rank]`.
 * @returns nothing where the rank is above `mostRank`, or nothing varies
 * @throws RangeError when a value is not finite
 */
export async function leadingEigen(
  multiplier: Multiplier,
  semidefinite: DoubleMatrix,
  mostRank: number,
): Promise<SymmetricEigen | undefined> {
  const factor = pivotedFactor(semidefinite, mostRank);
  if (factor === undefined || factor.rows === 0) return undefined;
  const gram = await multiplier.matmulFloat64(factor, factor, { transposeB: true });
  const small = eigenSymmetric(gram);
  const floor = NOTHING_SHARE * small.values.reduce((sum, value) => sum + Math.max(0, value), 0);
  const values = small.values.filter((value) => value > floor);
  const turned = await multiplier.matmulFloat64(
    {
      data: small.vectors.data.subarray(0, values.length * factor.rows),
      rows: values.length,
      columns: factor.rows,
    },
    factor,
  );
  return { values, vectors: scaleRows(turned, (row) => 1 / Math.sqrt(values[row] ?? 1)) };
}

/** `F [rank, size]` with `Fᵀ F` the matrix, up to rounding. */
function pivotedFactor({ data, rows: size }: DoubleMatrix, mostRank: number): DoubleMatrix | undefined {
  const left = Float64Array.from({ length: size }, (_, i) => data[i * (size + 1)] ?? 0);
  if (!left.every(Number.isFinite)) throw new RangeError('a matrix with values that are not finite');
  const floor = NOTHING_SHARE * left.reduce((sum, value) => sum + value, 0);
  const factor: Float64Array[] = [];
  for (;;) {
    let pivot = 0;
    for (let i = 1; i < size; i++) if ((left[i] ?? 0) > (left[pivot] ?? 0)) pivot = i;
    const most = left[pivot] ?? 0;
    if (!(most > floor)) break;
    if (factor.length >= mostRank) return undefined;
    const row = Float64Array.from(data.subarray(pivot * size, (pivot + 1) * size));
    for (const earlier of factor) {
      const share = earlier[pivot] ?? 0;
      for (let i = 0; i < size; i++) row[i] = (row[i] ?? 0) - share * (earlier[i] ?? 0);
    }
    const length = Math.sqrt(most);
    for (let i = 0; i < size; i++) {
      const value = (row[i] ?? 0) / length;
      row[i] = value;
      left[i] = (left[i] ?? 0) - value * value;
    }
    left[pivot] = 0;
    factor.push(row);
  }
  const joined = new Float64Array(factor.length * size);
  factor.forEach((row, at) => joined.set(row, at * size));
  return { data: joined, rows: factor.length, columns: size };
}
