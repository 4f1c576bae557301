import type { DoubleMatrix } from '../../contract/data.ts';
import type { Multiplier } from './multiplier.ts';
import { applySweeps, identity } from './sweeps.ts';
import { tridiagonalSweeps } from './tridiagonal-eigen.ts';
import { tridiagonalize, type Tridiagonal } from './tridiagonal.ts';

/** Eigenvalues in descending order with their vectors. */
export interface SymmetricEigen {
  readonly values: Float64Array;
  /** `[size, size]`, row `j` belongs to `values[j]`. */
  readonly vectors: DoubleMatrix;
}

/** Reflectors applied together, as products. */
const REFLECTORS_TOGETHER = 64;

/**
 * All eigenvalues and vectors of a symmetric matrix (its lower triangle is read), in float64: tridiagonal reduction, QR
 * sweeps, and the reflectors applied back. All but the reduction (4/3 size³ operations) is in matrix products.
 */
export async function eigenSymmetric(
  multiplier: Multiplier,
  symmetric: DoubleMatrix,
): Promise<SymmetricEigen> {
  const size = squareSize(symmetric);
  const reduced = tridiagonalize(Float64Array.from(symmetric.data), size);
  const vectors = { data: identity(size), rows: size, columns: size };
  await applySweeps(multiplier, tridiagonalSweeps(reduced.diagonal, reduced.offDiagonal), vectors);
  await applyReflectors(multiplier, vectors, reduced);
  return sorted(reduced.diagonal, vectors);
}

/** The eigenvalues alone, descending: 4/3 size³ operations. */
export function eigenvaluesSymmetric(symmetric: DoubleMatrix): Float64Array {
  const { diagonal, offDiagonal } = tridiagonalize(Float64Array.from(symmetric.data), squareSize(symmetric));
  // Run for what they leave in `diagonal`.
  for (const sweep of tridiagonalSweeps(diagonal, offDiagonal)) void sweep;
  return diagonal.sort().reverse();
}

function squareSize({ rows, columns }: DoubleMatrix): number {
  if (rows !== columns) throw new RangeError(`a symmetric matrix cannot be ${rows} x ${columns}`);
  return rows;
}

/**
 * `vectors := vectors Qᵀ` block by block: `H_b ... H_a = I - Yᵀ T Y` with the reflectors as rows of `Y` and `T` upper
 * triangular (the compact WY form: Schreiber & Van Loan 1989).
 */
async function applyReflectors(
  multiplier: Multiplier,
  vectors: DoubleMatrix,
  { reflectors, scales }: Tridiagonal,
): Promise<void> {
  const size = vectors.rows;
  for (let low = 2; low < size; low += REFLECTORS_TOGETHER) {
    const high = Math.min(size - 1, low + REFLECTORS_TOGETHER - 1);
    const count = high - low + 1;
    const y = { data: new Float64Array(count * size), rows: count, columns: size };
    // From the leftmost factor, the highest, down.
    for (let k = 0; k < count; k++) {
      const row = high - k;
      if (scales[row] !== 0) y.data.set(reflectors.subarray(row * size, row * size + row), k * size);
    }
    const overlaps = await multiplier.matmulFloat64(y, y, { transposeB: true });
    const factor = triangularFactor(
      overlaps.data,
      Float64Array.from({ length: count }, (_, k) => scales[high - k] ?? 0),
    );
    const seen = await multiplier.matmulFloat64(vectors, y, { transposeB: true });
    const scaled = await multiplier.matmulFloat64(
      seen,
      { data: factor, rows: count, columns: count },
      { transposeB: true },
    );
    const change = await multiplier.matmulFloat64(scaled, y);
    for (let i = 0; i < vectors.data.length; i++)
      vectors.data[i] = (vectors.data[i] ?? 0) - (change.data[i] ?? 0);
  }
}

/** `T [count, count]` with `H_1 ... H_count = I - Yᵀ T Y`, from `Y Yᵀ` and the reflectors' scales. */
function triangularFactor(overlaps: Float64Array, scales: Float64Array): Float64Array {
  const count = scales.length;
  const factor = new Float64Array(count * count);
  for (let j = 0; j < count; j++) {
    const scale = scales[j] ?? 0;
    factor[j * count + j] = scale;
    for (let i = 0; i < j; i++) {
      let sum = 0;
      for (let k = i; k < j; k++) sum += (factor[i * count + k] ?? 0) * (overlaps[k * count + j] ?? 0);
      factor[i * count + j] = -scale * sum;
    }
  }
  return factor;
}

function sorted(values: Float64Array, vectors: DoubleMatrix): SymmetricEigen {
  const size = values.length;
  const order = Array.from(values.keys()).sort((a, b) => (values[b] ?? 0) - (values[a] ?? 0));
  const data = new Float64Array(size * size);
  order.forEach((from, to) => data.set(vectors.data.subarray(from * size, (from + 1) * size), to * size));
  return {
    values: Float64Array.from(order, (from) => values[from] ?? 0),
    vectors: { data, rows: size, columns: size },
  };
}
