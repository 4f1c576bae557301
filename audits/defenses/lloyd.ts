import { type Matrix, matrixRow } from '../contract/data.ts';

/**
 * Centers moved to the means of their clusters, pass after pass (Lloyd's algorithm). In plain loops: a session opens
 * without waiting, and a calibration sample is a thousand rows; `tensor/linear-algebra` has the method for sets of any
 * size.
 * @param rows `[rows, dimension]`
 * @param seeds `[cells, dimension]`; moved in place and returned
 */
export function lloyd(rows: Matrix, seeds: Matrix, passes: number): Matrix {
  const { columns } = rows;
  for (let pass = 0; pass < passes; pass++) {
    const sums = new Float64Array(seeds.data.length);
    const members = new Int32Array(seeds.rows);
    for (let row = 0; row < rows.rows; row++) {
      const values = matrixRow(rows, row);
      const cell = nearestRow(seeds, values);
      members[cell] = (members[cell] ?? 0) + 1;
      for (let i = 0, at = cell * columns; i < columns; i++, at++)
        sums[at] = (sums[at] ?? 0) + (values[i] ?? 0);
    }
    // A cell that lost its rows (equal rows as seeds) stays where it was.
    sums.forEach((sum, at) => {
      const held = members[Math.floor(at / columns)] ?? 0;
      if (held > 0) seeds.data[at] = sum / held;
    });
  }
  return seeds;
}

/** The row of `centers` at the least distance from `values`; of equal ones the first. */
export function nearestRow(centers: Matrix, values: Float32Array): number {
  let [best, least] = [0, Infinity];
  for (let cell = 0; cell < centers.rows; cell++) {
    let distance = 0;
    for (let i = 0, at = cell * values.length; i < values.length && distance < least; i++, at++)
      distance += ((values[i] ?? 0) - (centers.data[at] ?? 0)) ** 2;
    if (distance < least) [best, least] = [cell, distance];
  }
  return best;
}
