import { z } from 'zod';
import { matrix, matrixRow } from '../contract/data.ts';
import { defineDefense } from './define-defense.ts';
import { keptDimensions, keptDimensionsSchema } from './kept-dimensions.ts';

/**
 * Answers with the first dimensions only, as embedding services offer shorter vectors (landscape D1; Matryoshka embeddings).
 *
 * Threat model: a fixed, public map. What it takes from a thief it takes from honest users: it is measured by what is lost.
 */
const config = z.object({
  /** Dimensions kept: a share below 1, or their number. */
  dims: keptDimensionsSchema.default(0.5),
});

export const truncation = defineDefense({
  meta: {
    id: 'truncation',
    version: 1,
    title: 'Truncation',
    summary: 'Answers with the first dimensions of each embedding.',
    reference: {
      authors: 'A. Kusupati, G. Bhatt, A. Rege, M. Wallingford, A. Sinha, V. Ramanujan, and others',
      title: 'Matryoshka Representation Learning',
      venue: 'NeurIPS',
      year: 2022,
      url: 'https://arxiv.org/abs/2205.13147',
    },
    mechanism: 'A thief never sees the dimensions that are cut off.',
    mustFace: ['direct-extraction', 'dimension-recovery'],
    stateful: false,
  },
  config,
  outputDimension: ({ dims }, dimension) => keptDimensions(dims, dimension),
  openSession({ config: { dims }, provider }) {
    const kept = keptDimensions(dims, provider.embeddings.columns);
    return {
      reply(embeddings) {
        const data = new Float32Array(embeddings.rows * kept);
        for (let row = 0; row < embeddings.rows; row++)
          data.set(matrixRow(embeddings, row).subarray(0, kept), row * kept);
        return matrix(data, embeddings.rows, kept);
      },
    };
  },
});
