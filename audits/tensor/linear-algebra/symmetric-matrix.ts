import { Matrix } from 'ml-matrix';
import type { DoubleMatrix } from '../../contract/data.ts';

/**
 * A symmetric matrix as ml-matrix takes it, from its lower triangle: products leave the two triangles a rounding apart,
 * and ml-matrix refuses what is not symmetric to the last bit.
 * @throws RangeError when it is not square
 */
export function symmetricFromLower({ data, rows, columns }: DoubleMatrix): Matrix {
  if (rows !== columns) throw new RangeError(`a symmetric matrix cannot be ${rows} x ${columns}`);
  const mirrored = Float64Array.from(data);
  for (let i = 0; i < rows; i++)
    for (let j = 0; j < i; j++) mirrored[j * rows + i] = mirrored[i * rows + j] ?? 0;
  return Matrix.from1DArray(rows, rows, mirrored);
}
