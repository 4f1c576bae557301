import { CholeskyDecomposition, type Matrix } from 'ml-matrix';
import type { DoubleMatrix } from '../../contract/data.ts';
import { symmetricFromLower } from './symmetric-matrix.ts';
import type { Multiplier } from './multiplier.ts';

/** Rows of an inverse found together: what they take from earlier rows is one product. */
const BLOCK = 64;

/**
 * The inverse `L⁻¹` (lower triangular) of the Cholesky factor of a symmetric positive definite matrix `A = L Lᵀ`, so
 * that `A⁻¹ b = L⁻ᵀ (L⁻¹ b)` is two products. In float64; the lower triangle of `definite` is read. The factor is
 * ml-matrix's.
 * @throws RangeError when the matrix is not positive definite
 */
export async function inverseCholesky(multiplier: Multiplier, definite: DoubleMatrix): Promise<DoubleMatrix> {
  const factor = new CholeskyDecomposition(symmetricFromLower(definite));
  if (!factor.isPositiveDefinite()) throw new RangeError('the matrix is not positive definite');
  return invertLower(multiplier, factor.lowerTriangularMatrix);
}

/**
 * Forward substitution on the identity: `L⁻¹[i] = (I[i] - sum over k < i of L[i, k] L⁻¹[k]) / L[i, i]`. ml-matrix has
 * no triangular inverse; its general one takes 14 s at 2048 x 2048, for every penalty of a probe, and fills the zeros.
 */
async function invertLower(multiplier: Multiplier, lower: Matrix): Promise<DoubleMatrix> {
  const size = lower.rows;
  const inverse = new Float64Array(size * size);
  for (let start = 0; start < size; start += BLOCK) {
    const end = Math.min(size, start + BLOCK);
    if (start > 0) {
      const left = lower.subMatrix(start, end - 1, 0, start - 1).to1DArray();
      const known = await multiplier.matmulFloat64(
        { data: Float64Array.from(left), rows: end - start, columns: start },
        { data: inverse.subarray(0, start * size), rows: start, columns: size },
      );
      subtractScaled(inverse.subarray(start * size, end * size), known.data, 1);
    }
    for (let i = start; i < end; i++) {
      const row = inverse.subarray(i * size, (i + 1) * size);
      row[i] = 1;
      for (let k = start; k < i; k++)
        subtractScaled(row, inverse.subarray(k * size, k * size + k + 1), lower.get(i, k));
      divide(row, lower.get(i, i), i + 1);
    }
  }
  return { data: inverse, rows: size, columns: size };
}

function subtractScaled(target: Float64Array, source: Float64Array, scale: number): void {
  for (let j = 0; j < source.length; j++) target[j] = (target[j] ?? 0) - scale * (source[j] ?? 0);
}

function divide(row: Float64Array, divisor: number, count: number): void {
  for (let j = 0; j < count; j++) row[j] = (row[j] ?? 0) / divisor;
}
