import { z } from 'zod';
import { matrix } from '../contract/data.ts';
import { defineDefense } from './define-defense.ts';

/**
 * Clean replies: the reference everything else is compared with. In a chain it is the empty list, so this file
 * only carries the description and the id.
 */
export const none = defineDefense({
  meta: {
    id: 'none',
    version: 1,
    title: 'No defense',
    summary: 'Replies are the encoder’s own embeddings, unchanged.',
    reference: {
      authors: 'A. Dziedzic, N. Dhawan, M. A. Kaleem, J. Guan, N. Papernot',
      title: 'On the Difficulty of Defending Self-Supervised Learning against Model Extraction',
      venue: 'ICML',
      year: 2022,
      url: 'https://arxiv.org/abs/2205.07890',
    },
    mechanism: 'None: it shows what the encoder gives away as it is.',
    mustFace: ['direct-extraction'],
    stateful: false,
  },
  config: z.object({}),
  openSession: () => ({
    reply: (embeddings) => matrix(embeddings.data.slice(), embeddings.rows, embeddings.columns),
  }),
});
