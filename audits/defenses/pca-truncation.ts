import { z } from 'zod';
import { matrix, matrixRow } from '../contract/data.ts';
import { toFloat32 } from '../tensor/linear-algebra/double-matrix.ts';
import { defineDefense } from './define-defense.ts';
import { keptDimensions, keptDimensionsSchema } from './kept-dimensions.ts';
import { providerAxes } from './provider-axes.ts';

/**
 * Answers with coordinates along the principal axes of the provider's own embeddings, the first of them only (landscape D1).
 *
 * Threat model: a fixed map whose axes the attacker does not know and, a rotation apart, does not need.
 */
const config = z.object({
  /** Principal axes kept: a share of the dimensions below 1, or their number. */
  dims: keptDimensionsSchema.default(0.5),
});

export const pcaTruncation = defineDefense({
  meta: {
    id: 'pca-truncation',
    version: 1,
    title: 'PCA truncation',
    summary: 'Answers with the strongest principal components of each embedding.',
    reference: {
      authors: 'N. Carlini, D. Paleka, K. Dvijotham, T. Steinke, J. Hayase, A. F. Cooper, and others',
      title: 'Stealing Part of a Production Language Model',
      venue: 'ICML',
      year: 2024,
      url: 'https://arxiv.org/abs/2403.06634',
    },
    mechanism: 'A thief never sees the directions in which embeddings vary little.',
    mustFace: ['direct-extraction', 'dimension-recovery'],
    stateful: false,
  },
  config,
  outputDimension: ({ dims }, dimension) => keptDimensions(dims, dimension),
  openSession({ config: { dims }, provider }) {
    const kept = keptDimensions(dims, provider.embeddings.columns);
    const axes = toFloat32(providerAxes(provider).axes);
    return {
      reply(embeddings) {
        const data = new Float32Array(embeddings.rows * kept);
        for (let row = 0; row < embeddings.rows; row++) {
          const values = matrixRow(embeddings, row);
          for (let axis = 0; axis < kept; axis++) {
            const direction = matrixRow(axes, axis);
            let sum = 0;
            for (let i = 0; i < values.length; i++)
              sum += ((values[i] ?? 0) - (provider.mean[i] ?? 0)) * (direction[i] ?? 0);
            data[row * kept + axis] = sum;
          }
        }
        return matrix(data, embeddings.rows, kept);
      },
    };
  },
});
