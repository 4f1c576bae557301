import { centredDouble } from './double-matrix.ts';
import { centredProducts } from './gram.ts';
import type { Multiplier } from './multiplier.ts';
import { readAllRows, type Rows } from './row-blocks.ts';
import { columnMeans } from './standardize.ts';
import { eigenvaluesSymmetric } from './symmetric-eigen.ts';

/** Relative spacing of float32 numbers. */
const FLOAT32_EPSILON = 2 ** -23;

/**
 * Singular values of `[n, p]`, descending, `min(n, p)` of them, by the smaller Gram matrix in float64. Their error is
 * about 1e-8 of the largest: below what float32 rows can show.
 * @param options.centred without the column means
 */
export async function singularValues(
  multiplier: Multiplier,
  source: Rows,
  options: { readonly centred?: boolean } = {},
): Promise<Float64Array> {
  const centred = options.centred ?? false;
  if (source.rows < source.columns) {
    const all = await readAllRows(source);
    const mean = centred ? await columnMeans(all) : new Float64Array(source.columns);
    const rows = centredDouble(all, mean);
    return roots(eigenvaluesSymmetric(await multiplier.matmulFloat64(rows, rows, { transposeB: true })));
  }
  const { product, xMean, rows } = await centredProducts(multiplier, source, source);
  if (!centred)
    for (let i = 0, at = 0; i < product.rows; i++)
      for (let j = 0; j < product.columns; j++, at++)
        product.data[at] = (product.data[at] ?? 0) + rows * (xMean[i] ?? 0) * (xMean[j] ?? 0);
  return roots(eigenvaluesSymmetric(product));
}

/**
 * Singular values that rounding of the rows cannot explain: above `max(n, p) · 2⁻²³` of the largest, as NumPy's
 * `matrix_rank` counts for float32.
 */
export function numericalRank(values: Float64Array, shape: { rows: number; columns: number }): number {
  const floor = (values[0] ?? 0) * Math.max(shape.rows, shape.columns) * FLOAT32_EPSILON;
  return values.reduce((rank, value) => rank + (value > floor ? 1 : 0), 0);
}

function roots(eigenvalues: Float64Array): Float64Array {
  return eigenvalues.map((value) => Math.sqrt(Math.max(0, value)));
}
