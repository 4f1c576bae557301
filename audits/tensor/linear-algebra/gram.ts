import { EigenvalueDecomposition, Matrix as DenseMatrix } from 'ml-matrix';
import { matrix, matrixRows, type Matrix } from '../../contract/data.ts';
import type { Multiplier } from './multiplier.ts';

/**
 * Rows per float32 product. Blocks are summed in float64, so that the rounding error of a Gram matrix does not
 * grow with the number of rows.
 */
const BLOCK_ROWS = 512;

/**
 * `aᵀ b` for `a [n, p]`, `b [n, d]`: float32 products of row blocks, summed in float64.
 * @returns row-major `[p, d]`
 */
export async function crossProduct(multiplier: Multiplier, a: Matrix, b: Matrix): Promise<Float64Array> {
  if (a.rows !== b.rows) throw new RangeError(`cross product of ${a.rows} and ${b.rows} rows`);
  const sum = new Float64Array(a.columns * b.columns);
  for (let start = 0; start < a.rows; start += BLOCK_ROWS) {
    const end = Math.min(a.rows, start + BLOCK_ROWS);
    const block = await multiplier.matmul(matrixRows(a, start, end), matrixRows(b, start, end), {
      transposeA: true,
    });
    for (let i = 0; i < sum.length; i++) sum[i] = (sum[i] ?? 0) + (block.data[i] ?? 0);
  }
  return sum;
}

/** Eigenvalues in descending order (negative rounding clipped to 0) with the vectors as columns. */
export interface SymmetricEigen {
  readonly values: Float64Array;
  /** `[size, size]`, column `j` belongs to `values[j]`. */
  readonly vectors: Matrix;
}

/** Eigen decomposition in float64 of a symmetric positive semi-definite matrix given row-major. */
export function eigenSymmetric(symmetric: Float64Array, size: number): SymmetricEigen {
  const dense = DenseMatrix.zeros(size, size);
  for (let i = 0; i < size; i++)
    for (let j = 0; j <= i; j++) {
      // The two halves differ by rounding; the decomposition wants them equal.
      const value = ((symmetric[i * size + j] ?? 0) + (symmetric[j * size + i] ?? 0)) / 2;
      dense.set(i, j, value);
      dense.set(j, i, value);
    }
  const decomposition = new EigenvalueDecomposition(dense, { assumeSymmetric: true });
  const order = decomposition.realEigenvalues
    .map((value, index) => ({ value, index }))
    .sort((a, b) => b.value - a.value);
  const vectors = new Float32Array(size * size);
  const source = decomposition.eigenvectorMatrix;
  order.forEach(({ index }, j) => {
    for (let i = 0; i < size; i++) vectors[i * size + j] = source.get(i, index);
  });
  return {
    values: Float64Array.from(order, ({ value }) => Math.max(0, value)),
    vectors: matrix(vectors, size, size),
  };
}
