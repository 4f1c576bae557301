import { z } from 'zod';
import { matrix } from '../contract/data.ts';
import { defineDefense } from './define-defense.ts';

/**
 * Rounds every coordinate to a number of decimals: `y = round(e, k)` (StolenEncoder 2022; RDA 2024 with k = 1).
 *
 * Threat model: a fixed, public distortion. Rounding acts in embedding units, as a service would do it: what one
 * decimal means depends on the encoder's scale, which the report shows as the honest users' loss.
 */
const config = z.object({
  /** Decimals kept. 1 is the literature's setting; finer rounding is invisible to thief and user alike. */
  decimals: z.int().min(0).max(6).default(1),
});

export const rounding = defineDefense({
  meta: {
    id: 'rounding',
    version: 1,
    title: 'Rounding',
    summary: 'Rounds every coordinate of a reply to a few decimals.',
    reference: {
      authors: 'Y. Liu, J. Jia, H. Liu, N. Z. Gong',
      title: 'StolenEncoder: Stealing Pre-trained Encoders in Self-supervised Learning',
      venue: 'ACM CCS',
      year: 2022,
      url: 'https://arxiv.org/abs/2201.05889',
    },
    mechanism: 'Each reply carries fewer digits, so a thief learns less from it.',
    mustFace: ['direct-extraction', 'view-averaging', 'inverse-fit'],
    stateful: false,
  },
  config,
  openSession({ config: { decimals } }) {
    const factor = 10 ** decimals;
    return {
      reply: (embeddings) =>
        matrix(
          // Adding 0 turns -0 into 0: a sign on zero would leak a bit that the rounding is meant to take.
          embeddings.data.map((value) => Math.round(value * factor) / factor + 0),
          embeddings.rows,
          embeddings.columns,
        ),
    };
  },
});
