import { matrix, matrixRows, type Matrix, type RowBlocks } from '../../contract/data.ts';

/** What linear algebra reads: a matrix in memory, or rows that come in blocks. Every method takes both. */
export type Rows = Matrix | RowBlocks;

/** Values per block of a matrix in memory: 8 MB, so that a block stays in cache between two products with it. */
const BLOCK_VALUES = 2 << 20;

/** A matrix read block by block; views, no copies. */
export function matrixBlocks(source: Matrix, blockRows = defaultBlockRows(source.columns)): RowBlocks {
  return {
    rows: source.rows,
    columns: source.columns,
    async *blocks() {
      for (let start = 0; start < source.rows; start += blockRows)
        yield matrixRows(source, start, Math.min(source.rows, start + blockRows));
    },
  };
}

export function defaultBlockRows(columns: number): number {
  return Math.max(1, Math.floor(BLOCK_VALUES / Math.max(1, columns)));
}

export function asRowBlocks(rows: Rows): RowBlocks {
  return 'blocks' in rows ? rows : matrixBlocks(rows);
}

/** All rows in memory: for sets known to be small. A matrix is returned as it is. */
export async function readAllRows(rows: Rows): Promise<Matrix> {
  if (!('blocks' in rows)) return rows;
  const data = new Float32Array(rows.rows * rows.columns);
  let at = 0;
  for await (const block of rows.blocks()) {
    data.set(block.data, at);
    at += block.data.length;
  }
  if (at !== data.length)
    throw new RangeError(`blocks held ${at / Math.max(1, rows.columns)} rows, announced ${rows.rows}`);
  return matrix(data, rows.rows, rows.columns);
}

/**
 * Blocks computed from blocks, one by one as they are asked for.
 * @param transform `[r, columns]` to `[r, newColumns]`; may be called again on every pass
 */
export function mapBlocks(
  source: Rows,
  columns: number,
  transform: (block: Matrix) => Matrix | Promise<Matrix>,
): RowBlocks {
  const read = asRowBlocks(source);
  return {
    rows: read.rows,
    columns,
    async *blocks() {
      for await (const block of read.blocks()) yield await transform(block);
    },
  };
}

/** The rows `i` with `keep[i] !== 0`, in order. @throws RangeError when `keep` has another length */
export function filterRows(source: Rows, keep: Uint8Array): RowBlocks {
  const read = asRowBlocks(source);
  const { rows, columns } = read;
  if (keep.length !== rows) throw new RangeError(`a choice of ${keep.length} among ${rows} rows`);
  return {
    rows: keep.reduce((count, kept) => count + (kept === 0 ? 0 : 1), 0),
    columns,
    async *blocks() {
      let offset = 0;
      for await (const block of read.blocks()) {
        const chosen = new Float32Array(block.data.length);
        let kept = 0;
        for (let i = 0; i < block.rows; i++) {
          if (keep[offset + i] === 0) continue;
          chosen.set(block.data.subarray(i * columns, (i + 1) * columns), kept * columns);
          kept++;
        }
        offset += block.rows;
        if (kept > 0) yield matrix(chosen.subarray(0, kept * columns), kept, columns);
      }
    },
  };
}

/** Every `stride`-th row, from the first on. */
export function strideRows(source: Rows, stride: number): RowBlocks {
  if (stride <= 1) return asRowBlocks(source);
  const read = asRowBlocks(source);
  const { rows, columns } = read;
  return {
    rows: Math.ceil(rows / stride),
    columns,
    async *blocks() {
      let offset = 0;
      for await (const block of read.blocks()) {
        const first = (stride - (offset % stride)) % stride;
        const count = Math.max(0, Math.ceil((block.rows - first) / stride));
        const chosen = new Float32Array(count * columns);
        for (let i = 0; i < count; i++) {
          const from = (first + i * stride) * columns;
          chosen.set(block.data.subarray(from, from + columns), i * columns);
        }
        offset += block.rows;
        if (count > 0) yield matrix(chosen, count, columns);
      }
    },
  };
}

/**
 * Two sets of rows in step, however each is cut into blocks: pairs of blocks with equal rows.
 * @throws RangeError when the rows differ
 */
export async function* pairedBlocks(first: Rows, second: Rows): AsyncGenerator<readonly [Matrix, Matrix]> {
  if (first.rows !== second.rows) throw new RangeError(`pairing ${first.rows} with ${second.rows} rows`);
  if (first === second) {
    for await (const block of asRowBlocks(first).blocks()) yield [block, block];
    return;
  }
  const left = asRowBlocks(first).blocks()[Symbol.asyncIterator]();
  const right = asRowBlocks(second).blocks()[Symbol.asyncIterator]();
  try {
    let a = nothing(first.columns);
    let b = nothing(second.columns);
    for (let done = 0; done < first.rows;) {
      if (a.rows === 0) a = await nextBlock(left);
      if (b.rows === 0) b = await nextBlock(right);
      const rows = Math.min(a.rows, b.rows);
      yield [matrixRows(a, 0, rows), matrixRows(b, 0, rows)];
      a = matrixRows(a, rows, a.rows);
      b = matrixRows(b, rows, b.rows);
      done += rows;
    }
  } finally {
    await left.return?.();
    await right.return?.();
  }
}

async function nextBlock(iterator: AsyncIterator<Matrix>): Promise<Matrix> {
  for (;;) {
    const next = await iterator.next();
    if (next.done === true) throw new RangeError('blocks ended before their announced rows');
    if (next.value.rows > 0) return next.value;
  }
}

function nothing(columns: number): Matrix {
  return matrix(new Float32Array(0), 0, columns);
}
