import type { DoubleMatrix } from '../../contract/data.ts';
import type { Rng } from '../../rng.ts';
import { inverseCholesky } from './cholesky.ts';
import type { Multiplier } from './multiplier.ts';

/**
 * Orthonormal columns of the same span, for columns of length about 1 that are nearly orthogonal already: Cholesky of
 * their Gram matrix, twice (CholeskyQR2; Yamamoto et al. 2015), so all work is in products.
 * @throws RangeError when the columns are dependent
 */
export async function orthonormalColumns(
  multiplier: Multiplier,
  columns: DoubleMatrix,
): Promise<DoubleMatrix> {
  let current = columns;
  for (let round = 0; round < 2; round++) {
    const gram = await multiplier.matmulFloat64(current, current, { transposeA: true });
    const inverse = await inverseCholesky(multiplier, gram);
    current = await multiplier.matmulFloat64(current, inverse, { transposeB: true });
  }
  return current;
}

/** `count` orthonormal columns at right angles to those of `known [rows, k]`, in directions drawn from `rng`. */
export async function completingColumns(
  multiplier: Multiplier,
  known: DoubleMatrix,
  count: number,
  rng: Rng,
): Promise<DoubleMatrix> {
  const { rows } = known;
  const length = 1 / Math.sqrt(rows);
  const data = Float64Array.from({ length: rows * count }, () => length * rng.normal());
  let drawn: DoubleMatrix = { data, rows, columns: count };
  for (let round = 0; round < 2; round++) {
    if (known.columns > 0) {
      const shares = await multiplier.matmulFloat64(known, drawn, { transposeA: true });
      const seen = await multiplier.matmulFloat64(known, shares);
      drawn = { rows, columns: count, data: drawn.data.map((value, i) => value - (seen.data[i] ?? 0)) };
    }
    drawn = await orthonormalColumns(multiplier, drawn);
  }
  return drawn;
}
