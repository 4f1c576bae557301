import { matrix } from '../../contract/data.ts';
import type { Multiplier } from './multiplier.ts';

/** Products by the definition, in float64: for tests that should not wait for an engine. */
export const plainMultiplier: Multiplier = {
  async matmul(a, b, { transposeA = false, transposeB = false } = {}) {
    const rows = transposeA ? a.columns : a.rows;
    const inner = transposeA ? a.rows : a.columns;
    const columns = transposeB ? b.rows : b.columns;
    if ((transposeB ? b.columns : b.rows) !== inner) throw new RangeError('shapes do not match');
    const data = new Float32Array(rows * columns);
    for (let i = 0; i < rows; i++)
      for (let j = 0; j < columns; j++) {
        let sum = 0;
        for (let k = 0; k < inner; k++)
          sum +=
            (a.data[transposeA ? k * a.columns + i : i * a.columns + k] ?? 0) *
            (b.data[transposeB ? j * b.columns + k : k * b.columns + j] ?? 0);
        data[i * columns + j] = sum;
      }
    return matrix(data, rows, columns);
  },
};
