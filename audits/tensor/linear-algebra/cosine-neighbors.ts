import { matrix, matrixRow, matrixRows, type Matrix } from '../../contract/data.ts';
import type { Multiplier } from './multiplier.ts';

export interface Neighbors {
  /** `[queries, k]` rows of the gallery, most similar first; ties by lower row. */
  readonly indices: Int32Array;
  /** `[queries, k]` cosines. */
  readonly similarities: Float32Array;
  /** Neighbors per query: `k`, or less when the gallery is smaller. */
  readonly k: number;
}

/** Similarities held at a time: 4 M values, 16 MB. */
const BLOCK_VALUES = 4 << 20;

/** Rows scaled to length 1, newly allocated; a zero row stays zero. */
export function normalizeRows(source: Matrix): Matrix {
  const data = new Float32Array(source.data.length);
  for (let i = 0; i < source.rows; i++) {
    const row = matrixRow(source, i);
    let sum = 0;
    for (const value of row) sum += value * value;
    const scale = sum > 0 ? 1 / Math.sqrt(sum) : 0;
    for (let j = 0, at = i * source.columns; j < row.length; j++, at++) data[at] = (row[j] ?? 0) * scale;
  }
  return matrix(data, source.rows, source.columns);
}

/**
 * The k most similar gallery rows for every query by cosine, in blocks of bounded memory.
 * @param queries `[q, d]` @param gallery `[g, d]`
 * @param options.excludeSelf query `i` is gallery row `i` and does not count as its own neighbor
 * @throws RangeError when the widths differ
 */
export async function topKCosine(
  multiplier: Multiplier,
  queries: Matrix,
  gallery: Matrix,
  k: number,
  options: { readonly excludeSelf?: boolean } = {},
): Promise<Neighbors> {
  if (queries.columns !== gallery.columns)
    throw new RangeError(`queries of width ${queries.columns} against a gallery of ${gallery.columns}`);
  const excludeSelf = options.excludeSelf ?? false;
  const kept = Math.max(0, Math.min(k, gallery.rows - (excludeSelf ? 1 : 0)));
  const indices = new Int32Array(queries.rows * kept);
  const similarities = new Float32Array(queries.rows * kept);
  const normalizedGallery = normalizeRows(gallery);
  const normalizedQueries = normalizeRows(queries);
  const blockRows = Math.max(1, Math.floor(BLOCK_VALUES / Math.max(1, gallery.rows)));
  if (kept === 0) return { indices, similarities, k: kept };
  for (let start = 0; start < queries.rows; start += blockRows) {
    const end = Math.min(queries.rows, start + blockRows);
    const products = await multiplier.matmul(matrixRows(normalizedQueries, start, end), normalizedGallery, {
      transposeB: true,
    });
    for (let row = start; row < end; row++) {
      const best = largest(matrixRow(products, row - start), kept, excludeSelf ? row : -1);
      indices.set(best.indices, row * kept);
      similarities.set(best.values, row * kept);
    }
  }
  return { indices, similarities, k: kept };
}

/** The `k` largest values, descending, by a bounded min-heap; `skip` is left out. */
function largest(
  values: Float32Array,
  k: number,
  skip: number,
): { readonly indices: Int32Array; readonly values: Float32Array } {
  const heap = new Int32Array(k);
  let size = 0;
  // "Weaker" = smaller value, or equal value at a higher row: a total order, so the result is unique.
  const weaker = (a: number, b: number): boolean => {
    const x = values[a] ?? 0;
    const y = values[b] ?? 0;
    return x < y || (x === y && a > b);
  };
  const sink = (from: number): void => {
    let at = from;
    const moved = heap[at] ?? 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= size) break;
      if (child + 1 < size && weaker(heap[child + 1] ?? 0, heap[child] ?? 0)) child++;
      if (!weaker(heap[child] ?? 0, moved)) break;
      heap[at] = heap[child] ?? 0;
      at = child;
    }
    heap[at] = moved;
  };
  for (let i = 0; i < values.length; i++) {
    if (i === skip) continue;
    if (size < k) {
      heap[size++] = i;
      if (size === k) for (let at = (k >> 1) - 1; at >= 0; at--) sink(at);
    } else if (weaker(heap[0] ?? 0, i)) {
      heap[0] = i;
      sink(0);
    }
  }
  const indices = heap.slice(0, size).sort((a, b) => (weaker(a, b) ? 1 : -1));
  return { indices, values: Float32Array.from(indices, (index) => values[index] ?? 0) };
}
