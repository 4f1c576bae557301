import { type Matrix, matrixRow, selectRows } from '../contract/data.ts';
import type { Rng } from '../rng.ts';

/** Passes of Lloyd's algorithm: cells need to follow the data, not to be a minimum. */
const PASSES = 10;

/**
 * Cells around the centers of clusters of the provider's embeddings (Lloyd's algorithm from distinct rows). In plain
 * loops: a session opens without waiting, and a calibration sample is a thousand rows; `tensor/linear-algebra` has the
 * method for sets of any size.
 * @param embeddings `[rows, dimension]`
 * @returns at most `count` cells, and the nearest one of an embedding `[dimension]`
 */
export function providerCells(
  embeddings: Matrix,
  count: number,
  rng: Rng,
): { readonly cells: number; cellOf(embedding: Float32Array): number } {
  const cells = Math.min(count, embeddings.rows);
  const { columns } = embeddings;
  const centers = selectRows(embeddings, rng.permutation(embeddings.rows).subarray(0, cells));
  for (let pass = 0; pass < PASSES; pass++) {
    const sums = new Float64Array(cells * columns);
    const members = new Int32Array(cells);
    for (let row = 0; row < embeddings.rows; row++) {
      const values = matrixRow(embeddings, row);
      const cell = nearest(centers, values);
      members[cell] = (members[cell] ?? 0) + 1;
      for (let i = 0, at = cell * columns; i < columns; i++, at++)
        sums[at] = (sums[at] ?? 0) + (values[i] ?? 0);
    }
    // A cell that lost its rows (equal rows as seeds) stays where it was.
    sums.forEach((sum, at) => {
      const held = members[Math.floor(at / columns)] ?? 0;
      if (held > 0) centers.data[at] = sum / held;
    });
  }
  return { cells, cellOf: (embedding) => nearest(centers, embedding) };
}

/** The row of `centers` with the least distance; equal distances go to the lower one. */
function nearest(centers: Matrix, values: Float32Array): number {
  let [best, least] = [0, Infinity];
  for (let cell = 0, at = 0; cell < centers.rows; cell++) {
    let distance = 0;
    for (let i = 0; i < values.length; i++, at++)
      distance += ((values[i] ?? 0) - (centers.data[at] ?? 0)) ** 2;
    if (distance < least) [best, least] = [cell, distance];
  }
  return best;
}
