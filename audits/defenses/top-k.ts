import { z } from 'zod';
import { matrix, matrixRow } from '../contract/data.ts';
import { defineDefense } from './define-defense.ts';

/**
 * Keeps the `k` coordinates of largest magnitude of each reply and sets the others to 0
 * (StolenEncoder 2022, RDA 2024 with k = 5).
 *
 * Threat model: the attacker sees which coordinates were withheld, since real embeddings hardly ever hold an exact
 * zero there; it can therefore learn from the revealed ones only.
 */
const config = z.object({
  /**
   * Below 1: share of the dimensions kept, at least one; from 1 on: their number. A quarter by default, a share so
   * that it means the same for every encoder, and where a linear probe still works (the published k = 5 leaves
   * honest search with little).
   */
  k: z
    .number()
    .positive()
    .max(65_536)
    .refine((k) => k < 1 || Number.isInteger(k), { error: 'must be a share below 1 or a whole number' })
    .default(0.25),
});

export const topK = defineDefense({
  meta: {
    id: 'top-k',
    version: 1,
    title: 'Top-k coordinates',
    summary: 'Keeps the coordinates of largest magnitude and sets the others to zero.',
    reference: {
      authors: 'Y. Liu, J. Jia, H. Liu, N. Z. Gong',
      title: 'StolenEncoder: Stealing Pre-trained Encoders in Self-supervised Learning',
      venue: 'ACM CCS',
      year: 2022,
      url: 'https://arxiv.org/abs/2201.05889',
    },
    mechanism: 'A thief sees only the strongest part of each embedding.',
    mustFace: ['direct-extraction', 'masked-regression', 'view-averaging', 'inverse-fit'],
    stateful: false,
  },
  config,
  openSession({ config: { k }, provider }) {
    const kept = keptCount(k, provider.embeddings.columns);
    return {
      reply(embeddings) {
        const { rows, columns } = embeddings;
        const data = new Float32Array(rows * columns);
        for (let row = 0; row < rows; row++) {
          const values = matrixRow(embeddings, row);
          for (const column of largest(values, kept)) data[row * columns + column] = values[column] ?? 0;
        }
        return matrix(data, rows, columns);
      },
    };
  },
});

function keptCount(k: number, dimension: number): number {
  return Math.min(dimension, k < 1 ? Math.max(1, Math.round(k * dimension)) : k);
}

/** Columns of the `count` largest magnitudes; equal magnitudes go to the lower column. */
function largest(values: Float32Array, count: number): readonly number[] {
  const magnitude = (column: number): number => Math.abs(values[column] ?? 0);
  return Array.from(values.keys())
    .sort((a, b) => magnitude(b) - magnitude(a) || a - b)
    .slice(0, count);
}
