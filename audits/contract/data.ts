/** Plain data that passes between modules and processes: no library's tensors, no handles. */

/** Row-major matrix, `data[row * columns + column]`. */
export interface Matrix {
  readonly data: Float32Array;
  readonly rows: number;
  readonly columns: number;
}

/** Row-major matrix in float64: for sums of squares and factorisations, which float32 would leave without their small end. */
export interface DoubleMatrix {
  readonly data: Float64Array;
  readonly rows: number;
  readonly columns: number;
}

/**
 * A matrix of any number of rows, read in blocks: it may be larger than memory. Every pass starts at the first row; two
 * passes may go on side by side.
 */
export interface RowBlocks {
  readonly rows: number;
  readonly columns: number;
  /** Consecutive rows, in order. A block's data may be overwritten as soon as the next block is asked for. */
  blocks(): AsyncIterable<Matrix>;
}

/** RGB images, NHWC, one byte per channel: `data[((image * height + y) * width + x) * 3 + channel]`. */
export interface Images {
  readonly data: Uint8Array;
  readonly count: number;
  readonly height: number;
  readonly width: number;
  /** SHA-256 (hex) of each image's decoded pixels and size, in order: the image's identity everywhere. */
  readonly hashes: readonly string[];
}

/** Images with a class each; `labels[i]` indexes `classes`. */
export interface LabelledImages {
  readonly images: Images;
  readonly labels: Int32Array;
  readonly classes: readonly string[];
}

/** Checks the length and wraps; throws a RangeError on a mismatch, which is a bug of the caller. */
export function matrix(data: Float32Array, rows: number, columns: number): Matrix {
  if (data.length !== rows * columns)
    throw new RangeError(`a ${rows} x ${columns} matrix needs ${rows * columns} values, got ${data.length}`);
  return { data, rows, columns };
}

/** A view (no copy) on rows `start` (inclusive) to `end` (exclusive). */
export function matrixRows(source: Matrix, start: number, end: number): Matrix {
  return matrix(
    source.data.subarray(start * source.columns, end * source.columns),
    end - start,
    source.columns,
  );
}

/** One row as a view. */
export function matrixRow(source: Matrix, row: number): Float32Array {
  return source.data.subarray(row * source.columns, (row + 1) * source.columns);
}

/** A copy of the given rows in the given order. */
export function selectRows(source: Matrix, rows: ArrayLike<number>): Matrix {
  const data = new Float32Array(rows.length * source.columns);
  for (let i = 0; i < rows.length; i++) data.set(matrixRow(source, rows[i] ?? 0), i * source.columns);
  return matrix(data, rows.length, source.columns);
}

/** Bytes of one image. */
export function imageBytes(images: Pick<Images, 'height' | 'width'>): number {
  return images.height * images.width * 3;
}

/** A copy of the given images in the given order. */
export function selectImages(source: Images, indices: ArrayLike<number>): Images {
  const size = imageBytes(source);
  const data = new Uint8Array(indices.length * size);
  const hashes: string[] = [];
  for (let i = 0; i < indices.length; i++) {
    const index = indices[i] ?? 0;
    data.set(source.data.subarray(index * size, (index + 1) * size), i * size);
    hashes.push(source.hashes[index] ?? '');
  }
  return { data, count: indices.length, height: source.height, width: source.width, hashes };
}

/** A view (no copy) on images `start` (inclusive) to `end` (exclusive). */
export function sliceImages(source: Images, start: number, end: number): Images {
  const size = imageBytes(source);
  return {
    data: source.data.subarray(start * size, end * size),
    count: end - start,
    height: source.height,
    width: source.width,
    hashes: source.hashes.slice(start, end),
  };
}
