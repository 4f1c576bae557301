import { matrix, matrixRow, matrixRows, type Matrix } from '../../contract/data.ts';
import type { Multiplier } from './multiplier.ts';
import { asRowBlocks, type Rows } from './row-blocks.ts';
import { largestPerRow } from './largest-per-row.ts';

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
/** Queries answered in one pass over the gallery. */
const QUERIES_PER_PASS = 4096;

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
 * The k most similar gallery rows for every query by cosine. The gallery is read once per 4096 queries; memory: the
 * queries of a pass, a block of the gallery and 16 MB.
 * @param queries `[q, d]` @param gallery `[g, d]`
 * @param options.excludeSelf query `i` is gallery row `i` and does not count as its own neighbor
 * @throws RangeError when the widths differ
 */
export async function topKCosine(
  multiplier: Multiplier,
  queries: Rows,
  gallery: Rows,
  k: number,
  options: { readonly excludeSelf?: boolean } = {},
): Promise<Neighbors> {
  if (queries.columns !== gallery.columns)
    throw new RangeError(`queries of width ${queries.columns} against a gallery of ${gallery.columns}`);
  const excludeSelf = options.excludeSelf ?? false;
  const kept = Math.max(0, Math.min(k, gallery.rows - (excludeSelf ? 1 : 0)));
  const indices = new Int32Array(queries.rows * kept);
  const similarities = new Float32Array(queries.rows * kept);
  if (kept === 0) return { indices, similarities, k: kept };
  let first = 0;
  for await (const block of asRowBlocks(queries).blocks())
    for (let start = 0; start < block.rows; start += QUERIES_PER_PASS) {
      const group = normalizeRows(matrixRows(block, start, Math.min(block.rows, start + QUERIES_PER_PASS)));
      const best = largestPerRow(group.rows, kept);
      for await (const [offset, part] of galleryParts(gallery, group.rows)) {
        const products = await multiplier.matmul(group, normalizeRows(part), { transposeB: true });
        for (let row = 0; row < group.rows; row++)
          best.offer(row, matrixRow(products, row), offset, excludeSelf ? first + row : -1);
      }
      const found = best.sorted();
      indices.set(found.indices, first * kept);
      similarities.set(found.values, first * kept);
      first += group.rows;
    }
  return { indices, similarities, k: kept };
}

/** The gallery in parts whose similarities to so many queries fit the bound, with the row each part begins at. */
async function* galleryParts(
  gallery: Rows,
  queries: number,
): AsyncGenerator<readonly [offset: number, part: Matrix]> {
  const most = Math.max(1, Math.floor(BLOCK_VALUES / Math.max(1, queries)));
  let offset = 0;
  for await (const block of asRowBlocks(gallery).blocks())
    for (let start = 0; start < block.rows; start += most) {
      const part = matrixRows(block, start, Math.min(block.rows, start + most));
      yield [offset, part];
      offset += part.rows;
    }
}
