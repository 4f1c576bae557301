import { type Matrix, matrix, matrixRow } from '../contract/data.ts';
import type { DefenseSession } from '../contract/method.ts';
import type { Rng } from '../rng.ts';

/** A division of the embedding space, and the noise that an account gets which has been in so much of it. */
export interface CoverageNoise {
  /** Cells there are. */
  readonly cells: number;
  /** The cell of an embedding `[dimension]`. */
  cellOf(embedding: Float32Array): number;
  /** Standard deviation of the noise, in the unit, once this share of the cells (0 to 1) has been visited. */
  sigma(coverage: number): number;
  /** `[dimension]` what a sigma of 1 is in each coordinate. */
  readonly unit: ArrayLike<number>;
}

/**
 * One account's session: every row first marks its cell as visited, then gets fresh Gaussian noise for the coverage that
 * the account has reached. Deterministic in (`rng`, `account`, order of rows).
 *
 * The provider's own calibration run (an account below 0) is no client: it is answered without noise, so that later
 * stages of a chain are calibrated on what an account below the onset gets.
 */
export function openCoverageSession(noise: CoverageNoise, account: number, rng: Rng): DefenseSession {
  const draws = rng.derive(`account/${account}/noise`);
  const visited = new Set<number>();
  return {
    reply(embeddings) {
      const { rows, columns } = embeddings;
      const data = embeddings.data.slice();
      if (account < 0) return matrix(data, rows, columns);
      for (let row = 0; row < rows; row++) {
        visited.add(noise.cellOf(matrixRow(embeddings, row)));
        const sigma = noise.sigma(visited.size / noise.cells);
        for (let column = 0, at = row * columns; column < columns; column++, at++)
          data[at] = (data[at] ?? 0) + sigma * (noise.unit[column] ?? 0) * draws.normal();
      }
      return matrix(data, rows, columns);
    },
  };
}

/** Share of the cells (0 to 1) that hold at least one of these embeddings `[rows, dimension]`. */
export function coverageOf({ cells, cellOf }: Pick<CoverageNoise, 'cells' | 'cellOf'>, rows: Matrix): number {
  const visited = new Set<number>();
  for (let row = 0; row < rows.rows; row++) visited.add(cellOf(matrixRow(rows, row)));
  return visited.size / cells;
}
