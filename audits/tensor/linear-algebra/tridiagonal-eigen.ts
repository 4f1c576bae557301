/** A run of plane rotations on the neighboring rows `first, first + 1`, then `first + 1, first + 2` and so on. */
export interface Sweep {
  readonly first: number;
  /** Cosine and sine per rotation, in turn. */
  readonly rotations: Float64Array;
}

/** Steps granted per eigenvalue; two or three are usual. */
const MOST_STEPS = 60;

/**
 * Eigenvalues of a symmetric tridiagonal matrix by implicit QR steps with Wilkinson's shift (Golub & Van Loan, section
 * 8.3.3). Both arrays are overwritten; `diagonal` ends as the eigenvalues, in no order.
 * @returns the sweeps, in order: applied to the rows of the identity they give the eigenvectors as rows
 * @throws RangeError when it does not converge, which only happens to values that are not finite
 */
export function* tridiagonalSweeps(diagonal: Float64Array, offDiagonal: Float64Array): Generator<Sweep> {
  const d = diagonal;
  const e = offDiagonal;
  const negligible = (k: number): boolean =>
    Math.abs(e[k] ?? 0) <= Number.EPSILON * (Math.abs(d[k] ?? 0) + Math.abs(d[k + 1] ?? 0));
  let steps = 0;
  for (let last = d.length - 1; last > 0;) {
    if (negligible(last - 1)) {
      e[last - 1] = 0;
      last--;
      steps = 0;
      continue;
    }
    let first = last - 1;
    while (first > 0 && !negligible(first - 1)) first--;
    if (++steps > MOST_STEPS) throw new RangeError('the eigenvalues of a matrix did not converge');
    const rotations = new Float64Array(2 * (last - first));
    qrStep(d, e, first, last, rotations);
    yield { first, rotations };
  }
}

/** One implicit step on rows `first ... last`: `T := G T Gᵀ`. */
function qrStep(
  d: Float64Array,
  e: Float64Array,
  first: number,
  last: number,
  rotations: Float64Array,
): void {
  const below = e[last - 1] ?? 0;
  const half = ((d[last - 1] ?? 0) - (d[last] ?? 0)) / 2;
  const shift = (d[last] ?? 0) - (below * below) / (half + (half < 0 ? -1 : 1) * Math.hypot(half, below));
  let x = (d[first] ?? 0) - shift;
  let z = e[first] ?? 0;
  for (let k = first; k < last; k++) {
    const length = Math.sqrt(x * x + z * z);
    const c = length > 0 ? x / length : 1;
    const s = length > 0 ? z / length : 0;
    if (k > first) e[k - 1] = length;
    const a = d[k] ?? 0;
    const b = d[k + 1] ?? 0;
    const off = e[k] ?? 0;
    const cross = 2 * c * s * off;
    d[k] = c * c * a + cross + s * s * b;
    d[k + 1] = s * s * a - cross + c * c * b;
    e[k] = c * s * (b - a) + (c * c - s * s) * off;
    if (k < last - 1) {
      const next = e[k + 1] ?? 0;
      x = e[k] ?? 0;
      z = s * next;
      e[k + 1] = c * next;
    }
    rotations[2 * (k - first)] = c;
    rotations[2 * (k - first) + 1] = s;
  }
}
