/** A symmetric matrix reduced to a tridiagonal one by Householder reflectors (Golub & Van Loan, section 8.3.1). */
export interface Tridiagonal {
  readonly diagonal: Float64Array;
  /** `[size - 1]` */
  readonly offDiagonal: Float64Array;
  /**
   * Row `i` holds the reflector `H_i = I - scales[i] v vᵀ` in its first `i` places, `v[i - 1] = 1`:
   * `A = Q T Qᵀ` with `Q = H_(n-1) ... H_2`.
   */
  readonly reflectors: Float64Array;
  readonly scales: Float64Array;
}

/**
 * In float64; `symmetric` `[size, size]` is overwritten with the reflectors. Works from the last row upwards on the
 * lower triangle, so that every inner loop reads memory in order. 4/3 size³ operations.
 */
export function tridiagonalize(symmetric: Float64Array, size: number): Tridiagonal {
  const a = symmetric;
  const diagonal = new Float64Array(size);
  const offDiagonal = new Float64Array(Math.max(0, size - 1));
  const scales = new Float64Array(size);
  const image = new Float64Array(size);
  for (let i = size - 1; i >= 1; i--) {
    diagonal[i] = a[i * size + i] ?? 0;
    const v = a.subarray(i * size, i * size + i);
    scales[i] = reflect(v, offDiagonal, i - 1);
    if (scales[i] === 0) continue;
    multiplyLower(a, size, v, image, i, scales[i] ?? 0);
    const half = ((scales[i] ?? 0) / 2) * dot(image, v, i);
    for (let j = 0; j < i; j++) image[j] = (image[j] ?? 0) - half * (v[j] ?? 0);
    // A - v wᵀ - w vᵀ on the lower triangle.
    for (let row = 0; row < i; row++) {
      const vRow = v[row] ?? 0;
      const wRow = image[row] ?? 0;
      for (let j = 0, at = row * size; j <= row; j++, at++)
        a[at] = (a[at] ?? 0) - vRow * (image[j] ?? 0) - wRow * (v[j] ?? 0);
    }
  }
  diagonal[0] = a[0] ?? 0;
  return { diagonal, offDiagonal, reflectors: a, scales };
}

/**
 * Turns a row into the reflector that sends it to a multiple of its last axis. Writes that multiple to `target[at]`.
 * @returns the reflector's scale, 0 when there is nothing to reflect
 */
function reflect(row: Float64Array, target: Float64Array, at: number): number {
  const last = row.length - 1;
  const pivot = row[last] ?? 0;
  let largest = 0;
  for (let j = 0; j < last; j++) largest = Math.max(largest, Math.abs(row[j] ?? 0));
  if (largest === 0) {
    target[at] = pivot;
    return 0;
  }
  // Scaled, so that squares neither overflow nor vanish.
  const unit = Math.max(largest, Math.abs(pivot));
  let squares = (pivot / unit) ** 2;
  for (let j = 0; j < last; j++) squares += ((row[j] ?? 0) / unit) ** 2;
  const length = unit * Math.sqrt(squares);
  const end = pivot > 0 ? -length : length;
  for (let j = 0; j < last; j++) row[j] = (row[j] ?? 0) / (pivot - end);
  row[last] = 1;
  target[at] = end;
  return (end - pivot) / end;
}

/** `image = scale · A v` for the leading `count` rows, read from the lower triangle alone in one pass. */
function multiplyLower(
  a: Float64Array,
  size: number,
  v: Float64Array,
  image: Float64Array,
  count: number,
  scale: number,
): void {
  for (let row = 0; row < count; row++) {
    const own = v[row] ?? 0;
    let sum = 0;
    let at = row * size;
    for (let j = 0; j < row; j++, at++) {
      const entry = a[at] ?? 0;
      sum += entry * (v[j] ?? 0);
      image[j] = (image[j] ?? 0) + entry * own;
    }
    image[row] = sum + (a[at] ?? 0) * own;
  }
  for (let row = 0; row < count; row++) image[row] = scale * (image[row] ?? 0);
}

function dot(a: Float64Array, b: Float64Array, count: number): number {
  let sum = 0;
  for (let i = 0; i < count; i++) sum += (a[i] ?? 0) * (b[i] ?? 0);
  return sum;
}
