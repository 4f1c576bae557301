import { matrixRow, type Matrix } from '../contract/data.ts';

/** Cosine of row `i` of `a` with row `i` of `b`; 0 where either is zero. @throws RangeError when the shapes differ */
export function rowCosines(a: Matrix, b: Matrix): Float32Array {
  if (a.rows !== b.rows || a.columns !== b.columns)
    throw new RangeError(`cosines of ${a.rows} x ${a.columns} with ${b.rows} x ${b.columns}`);
  return Float32Array.from({ length: a.rows }, (_, row) => {
    const [x, y] = [matrixRow(a, row), matrixRow(b, row)];
    let product = 0;
    let xx = 0;
    let yy = 0;
    for (let i = 0; i < x.length; i++) {
      const [p, q] = [x[i] ?? 0, y[i] ?? 0];
      product += p * q;
      xx += p * p;
      yy += q * q;
    }
    return xx > 0 && yy > 0 ? product / Math.sqrt(xx * yy) : 0;
  });
}
