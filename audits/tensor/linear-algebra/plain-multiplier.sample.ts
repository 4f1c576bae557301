import { matrix } from '../../contract/data.ts';
import type { Multiplier } from './multiplier.ts';

interface Operand {
  readonly data: ArrayLike<number>;
  readonly rows: number;
  readonly columns: number;
}

/** Products by the definition, in float64: for tests that should not wait for an engine. */
export const plainMultiplier: Multiplier = {
  async matmul(a, b, options) {
    const { data, rows, columns } = product(a, b, options);
    return matrix(Float32Array.from(data), rows, columns);
  },
  async matmulFloat64(a, b, options) {
    return product(a, b, options);
  },
};

function product(
  a: Operand,
  b: Operand,
  { transposeA = false, transposeB = false }: { transposeA?: boolean; transposeB?: boolean } = {},
): { readonly data: Float64Array; readonly rows: number; readonly columns: number } {
  const rows = transposeA ? a.columns : a.rows;
  const inner = transposeA ? a.rows : a.columns;
  const columns = transposeB ? b.rows : b.columns;
  if ((transposeB ? b.columns : b.rows) !== inner) throw new RangeError('shapes do not match');
  const data = new Float64Array(rows * columns);
  for (let i = 0; i < rows; i++)
    for (let j = 0; j < columns; j++) {
      let sum = 0;
      for (let k = 0; k < inner; k++)
        sum +=
          (a.data[transposeA ? k * a.columns + i : i * a.columns + k] ?? 0) *
          (b.data[transposeB ? j * b.columns + k : k * b.columns + j] ?? 0);
      data[i * columns + j] = sum;
    }
  return { data, rows, columns };
}
