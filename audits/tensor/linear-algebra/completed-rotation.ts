import { Matrix as Dense, inverse } from 'ml-matrix';
import type { DoubleMatrix } from '../../contract/data.ts';
import type { Rng } from '../../rng.ts';
import type { Multiplier } from './multiplier.ts';
import { completingColumns } from './orthonormal.ts';

/**
 * An orthogonal `R [p, p]` with `Rᵀ from = to`, for orthonormal columns `from` and `to` `[p, r]` that are few (r up to p / 4); what it
 * does to everything else is free and drawn. Two block reflectors (Schreiber and Parlett 1988), from `from` to a drawn
 * frame and from there to `to`, so all work is products of width r. A single one would be singular where a direction of `from` is
 * already in its place; a drawn frame is near no other.
 */
export async function completedRotation(
  multiplier: Multiplier,
  from: DoubleMatrix,
  to: DoubleMatrix,
  rng: Rng,
): Promise<DoubleMatrix> {
  const { rows: size, columns: count } = from;
  const identity = { data: new Float64Array(size * size), rows: size, columns: size };
  for (let i = 0; i < size; i++) identity.data[i * (size + 1)] = 1;
  if (count === 0) return identity;
  const nothing = { data: new Float64Array(0), rows: size, columns: 0 };
  const between = await completingColumns(multiplier, nothing, count, rng);
  const second = await reflected(multiplier, between, to, identity);
  return reflected(multiplier, from, between, second);
}

/**
 * `Qᵀ target` for the orthogonal `Q = I - D (Dᵀ a)⁻¹ Dᵀ`, `D = a - b`, that takes the orthonormal columns `a` to `b`:
 * `Dᵀ D = Dᵀ a + aᵀ D` makes it orthogonal.
 */
async function reflected(
  multiplier: Multiplier,
  a: DoubleMatrix,
  b: DoubleMatrix,
  target: DoubleMatrix,
): Promise<DoubleMatrix> {
  const difference = { ...a, data: a.data.map((value, at) => value - (b.data[at] ?? 0)) };
  const product = await multiplier.matmulFloat64(difference, a, { transposeA: true });
  const solved = inverse(Dense.from1DArray(product.rows, product.columns, product.data));
  const middle = {
    data: Float64Array.from(solved.to1DArray()),
    rows: product.rows,
    columns: product.columns,
  };
  const shares = await multiplier.matmulFloat64(difference, target, { transposeA: true });
  const moved = await multiplier.matmulFloat64(middle, shares, { transposeA: true });
  const taken = await multiplier.matmulFloat64(difference, moved);
  return { ...target, data: target.data.map((value, at) => value - (taken.data[at] ?? 0)) };
}
