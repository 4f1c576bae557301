import { z } from 'zod';
import { matrix, matrixRow } from '../contract/data.ts';
import { defineDefense } from './define-defense.ts';

/**
 * Answers with embeddings of unit length: `y = e / ||e||`, as most services do (landscape D1).
 *
 * Threat model: a fixed, public map; search by cosine does not notice it, and neither do losses of directions.
 */
export const normHiding = defineDefense({
  meta: {
    id: 'norm-hiding',
    version: 1,
    title: 'Norm hiding',
    summary: 'Scales every embedding to length 1.',
    reference: {
      authors: 'Y. Liu, J. Jia, H. Liu, N. Z. Gong',
      title: 'StolenEncoder: Stealing Pre-trained Encoders in Self-supervised Learning',
      venue: 'ACM CCS',
      year: 2022,
      url: 'https://arxiv.org/abs/2201.05889',
    },
    mechanism: 'A thief sees directions only, not how long an embedding is.',
    mustFace: ['direct-extraction', 'view-averaging', 'inverse-fit'],
    stateful: false,
  },
  config: z.object({}),
  openSession: () => ({
    reply(embeddings) {
      const data = embeddings.data.slice();
      for (let row = 0; row < embeddings.rows; row++) {
        const length = Math.hypot(...matrixRow(embeddings, row));
        // The zero vector has no direction and stays.
        if (length > 0)
          for (let at = row * embeddings.columns; at < (row + 1) * embeddings.columns; at++)
            data[at] = (data[at] ?? 0) / length;
      }
      return matrix(data, embeddings.rows, embeddings.columns);
    },
  }),
});
