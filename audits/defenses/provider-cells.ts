import { type Matrix, selectRows } from '../contract/data.ts';
import type { Rng } from '../rng.ts';
import { lloyd, nearestRow } from './lloyd.ts';

/** Cells need to follow the data, not to be a minimum. */
const PASSES = 10;

/**
 * Cells around the centers of clusters of the provider's embeddings (Lloyd's algorithm from distinct rows).
 * @param embeddings `[rows, dimension]`
 * @returns at most `count` cells, and the nearest one of an embedding `[dimension]`
 */
export function providerCells(
  embeddings: Matrix,
  count: number,
  rng: Rng,
): { readonly cells: number; cellOf(embedding: Float32Array): number } {
  const cells = Math.min(count, embeddings.rows);
  const seeds = selectRows(embeddings, rng.permutation(embeddings.rows).subarray(0, cells));
  const centers = lloyd(embeddings, seeds, PASSES);
  return { cells, cellOf: (embedding) => nearestRow(centers, embedding) };
}
