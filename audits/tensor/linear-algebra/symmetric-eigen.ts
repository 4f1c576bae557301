import { EigenvalueDecomposition } from 'ml-matrix';
import type { DoubleMatrix } from '../../contract/data.ts';
import { symmetricFromLower } from './symmetric-matrix.ts';

/** Eigenvalues in descending order with their vectors. */
export interface SymmetricEigen {
  readonly values: Float64Array;
  /** `[size, size]`, row `j` belongs to `values[j]`. */
  readonly vectors: DoubleMatrix;
}

/**
 * All eigenvalues and vectors of a symmetric matrix (its lower triangle is read), in float64, by ml-matrix: on this
 * thread, 22 s at 2048 x 2048 (`docs/adr/0004`).
 * @throws RangeError when a value is not finite
 */
export function eigenSymmetric(symmetric: DoubleMatrix): SymmetricEigen {
  const { realEigenvalues: ascending, eigenvectorMatrix } = decompose(symmetric);
  const size = ascending.length;
  const data = new Float64Array(size * size);
  for (let j = 0; j < size; j++) data.set(eigenvectorMatrix.getColumn(size - 1 - j), j * size);
  return {
    values: Float64Array.from(ascending).reverse(),
    vectors: { data, rows: size, columns: size },
  };
}

/** The eigenvalues alone, descending. */
export function eigenvaluesSymmetric(symmetric: DoubleMatrix): Float64Array {
  return Float64Array.from(decompose(symmetric).realEigenvalues).reverse();
}

function decompose(symmetric: DoubleMatrix): EigenvalueDecomposition {
  // ml-matrix would run past the end of its arrays.
  if (!symmetric.data.every(Number.isFinite))
    throw new RangeError('a matrix with values that are not finite');
  return new EigenvalueDecomposition(symmetricFromLower(symmetric), { assumeSymmetric: true });
}
