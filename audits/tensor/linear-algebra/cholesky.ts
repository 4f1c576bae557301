import type { DoubleMatrix } from '../../contract/data.ts';
import type { Multiplier } from './multiplier.ts';

/** Rows per block: within one, plain loops; between blocks, products. */
const BLOCK = 64;

/**
 * The inverse `L⁻¹` (lower triangular) of the Cholesky factor of a symmetric positive definite matrix `A = L Lᵀ`, so
 * that `A⁻¹ b = L⁻ᵀ (L⁻¹ b)` is two products. In float64, in blocks; the lower triangle of `definite` is read.
 * @throws RangeError when the matrix is not positive definite
 */
export async function inverseCholesky(multiplier: Multiplier, definite: DoubleMatrix): Promise<DoubleMatrix> {
  const size = definite.rows;
  const factor = { data: Float64Array.from(definite.data), rows: size, columns: size };
  const inverse = { data: new Float64Array(size * size), rows: size, columns: size };
  for (let start = 0; start < size; start += BLOCK) {
    const end = Math.min(size, start + BLOCK);
    factorBlock(factor.data, size, start, end);
    const corner = invertLower(factor.data, size, start, end);
    if (end < size) {
      // Below the corner: A21 L11⁻ᵀ, then the rest loses what is explained.
      const below = await multiplier.matmulFloat64(part(factor, end, size, start, end), corner, {
        transposeB: true,
      });
      place(factor, below, end, start);
      const explained = await multiplier.matmulFloat64(below, below, { transposeB: true });
      subtract(factor, explained, end, end);
    }
    // Rows of the inverse: L⁻¹[i, :] = L_ii⁻¹ (I_i - sum over earlier blocks of L[i, j] L⁻¹[j, :]).
    place(inverse, corner, start, start);
    if (start > 0) {
      const known = { data: inverse.data.subarray(0, start * size), rows: start, columns: size };
      const carried = await multiplier.matmulFloat64(part(factor, start, end, 0, start), known);
      const rows = await multiplier.matmulFloat64(corner, carried);
      subtract(inverse, part(rows, 0, end - start, 0, start), start, 0);
    }
  }
  return inverse;
}

/** Cholesky of the diagonal block `[start, end)` in place. */
function factorBlock(a: Float64Array, size: number, start: number, end: number): void {
  for (let i = start; i < end; i++)
    for (let j = start; j <= i; j++) {
      let sum = a[i * size + j] ?? 0;
      for (let k = start; k < j; k++) sum -= (a[i * size + k] ?? 0) * (a[j * size + k] ?? 0);
      if (i > j) a[i * size + j] = sum / (a[j * size + j] ?? 1);
      else if (sum > 0) a[i * size + i] = Math.sqrt(sum);
      else throw new RangeError('the matrix is not positive definite');
    }
}

/** Inverse of the lower triangular block `[start, end)`, as a matrix of its own. */
function invertLower(a: Float64Array, size: number, start: number, end: number): DoubleMatrix {
  const count = end - start;
  const data = new Float64Array(count * count);
  for (let i = 0; i < count; i++) {
    const pivot = a[(start + i) * size + start + i] ?? 1;
    data[i * count + i] = 1 / pivot;
    for (let j = 0; j < i; j++) {
      let sum = 0;
      for (let k = j; k < i; k++)
        sum += (a[(start + i) * size + start + k] ?? 0) * (data[k * count + j] ?? 0);
      data[i * count + j] = -sum / pivot;
    }
  }
  return { data, rows: count, columns: count };
}

/** A copy of rows `top ... bottom - 1` and columns `left ... right - 1`. */
function part(source: DoubleMatrix, top: number, bottom: number, left: number, right: number): DoubleMatrix {
  const columns = right - left;
  const data = new Float64Array((bottom - top) * columns);
  for (let row = top; row < bottom; row++) {
    const from = row * source.columns;
    data.set(source.data.subarray(from + left, from + right), (row - top) * columns);
  }
  return { data, rows: bottom - top, columns };
}

function place(target: DoubleMatrix, block: DoubleMatrix, top: number, left: number): void {
  for (let row = 0; row < block.rows; row++)
    target.data.set(
      block.data.subarray(row * block.columns, (row + 1) * block.columns),
      (top + row) * target.columns + left,
    );
}

function subtract(target: DoubleMatrix, block: DoubleMatrix, top: number, left: number): void {
  for (let row = 0; row < block.rows; row++)
    for (let column = 0, at = (top + row) * target.columns + left; column < block.columns; column++, at++)
      target.data[at] = (target.data[at] ?? 0) - (block.data[row * block.columns + column] ?? 0);
}
