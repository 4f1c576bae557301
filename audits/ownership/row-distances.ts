import { matrixRow, type Matrix } from '../contract/data.ts';
import type { DisturbedEmbeddings } from '../contract/ownership.ts';

/** Distances between embeddings, in float64. */

/** Euclidean distance of row `i` of `a` to row `j` of `b`. */
export function rowDistance(a: Matrix, i: number, b: Matrix, j: number): number {
  const [x, y] = [matrixRow(a, i), matrixRow(b, j)];
  let squares = 0;
  for (let k = 0; k < x.length; k++) squares += ((x[k] ?? 0) - (y[k] ?? 0)) ** 2;
  return Math.sqrt(squares);
}

/** Distance of every disturbed copy to its image `[images * perImage]`. @throws RangeError when shapes do not pair up */
export function distancesToOriginals(originals: Matrix, disturbed: DisturbedEmbeddings): Float64Array {
  const { images, perImage, embeddings } = disturbed;
  if (
    embeddings.rows !== images * perImage ||
    images > originals.rows ||
    embeddings.columns !== originals.columns
  )
    throw new RangeError(
      `${embeddings.rows} copies, ${perImage} of each of ${images} images, of ${originals.rows} originals`,
    );
  return Float64Array.from({ length: embeddings.rows }, (_, copy) =>
    rowDistance(originals, Math.floor(copy / perImage), embeddings, copy),
  );
}
