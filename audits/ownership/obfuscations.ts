import { matrix, type Matrix } from '../contract/data.ts';
import type { Engine } from '../contract/engine.ts';
import type { ObfuscationId } from '../contract/ownership.ts';
import type { Rng } from '../rng.ts';
import { completingColumns } from '../tensor/linear-algebra/orthonormal.ts';
import { toFloat32 } from '../tensor/linear-algebra/double-matrix.ts';

/** What a thief does to every vector so that it looks like another encoder's and is worth as much (landscape A17). */

/** Factor of `scaled`, and columns of zeros that `padded` adds for each there is. */
const SCALE = 7.5;
const PADDING = 1;

/** One fixed map of vectors: the same for every matrix it is given. */
export type Obfuscation = (embeddings: Matrix) => Promise<Matrix>;

/** @param rng draws the map; equal streams give equal maps. @param dimension of the vectors it will be given */
export async function createObfuscation(
  engine: Pick<Engine, 'matmul' | 'matmulFloat64'>,
  id: ObfuscationId,
  dimension: number,
  rng: Rng,
): Promise<Obfuscation> {
  return makers[id](engine, dimension, rng);
}

type Maker = (
  engine: Pick<Engine, 'matmul' | 'matmulFloat64'>,
  dimension: number,
  rng: Rng,
) => Obfuscation | Promise<Obfuscation>;

const makers: Readonly<Record<ObfuscationId, Maker>> = {
  async rotated(engine, dimension, rng) {
    const nothing = { data: new Float64Array(0), rows: dimension, columns: 0 };
    const rotation = toFloat32(await completingColumns(engine, nothing, dimension, rng));
    return (embeddings) => engine.matmul(embeddings, rotation);
  },
  permuted(_engine, dimension, rng) {
    const order = rng.permutation(dimension);
    return mapped(dimension, (row, column) => row(order[column] ?? 0));
  },
  padded: (_engine, dimension) =>
    mapped(dimension * (1 + PADDING), (row, column) => (column < dimension ? row(column) : 0)),
  scaled: (_engine, dimension) => mapped(dimension, (row, column) => SCALE * row(column)),
  shifted(_engine, dimension, rng) {
    const offset = Float64Array.from({ length: dimension }, () => SCALE * rng.normal());
    return mapped(dimension, (row, column) => row(column) + (offset[column] ?? 0));
  },
};

/** New columns, each from one old row. */
function mapped(
  columns: number,
  value: (row: (column: number) => number, column: number) => number,
): Obfuscation {
  return (embeddings) => {
    const data = new Float32Array(embeddings.rows * columns);
    for (let i = 0; i < embeddings.rows; i++) {
      const row = (column: number): number => embeddings.data[i * embeddings.columns + column] ?? 0;
      for (let j = 0; j < columns; j++) data[i * columns + j] = value(row, j);
    }
    return Promise.resolve(matrix(data, embeddings.rows, columns));
  };
}
