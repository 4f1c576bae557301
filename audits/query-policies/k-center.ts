import { greedyOrder } from './greedy-order.ts';
import type { QueryPolicyDefinition } from './query-policy.ts';

/**
 * Greedy k-center (landscape A8): after a random first image always the one farthest from all that were sent, in the
 * attacker's own feature space. Covers the pool with few queries, so a given budget sees more of the embedding space. The
 * greedy cover has at most twice the radius of the best one (Gonzalez 1985). It is the worst choice against a defense that
 * charges for coverage.
 * Threat model: unlabelled images and a feature space of one's own; asks the victim nothing to decide.
 */
export const kCenter: QueryPolicyDefinition = {
  meta: {
    id: 'k-center',
    version: 1,
    title: 'Greedy k-center',
    summary: 'Sends the image farthest from all sent before, in the attacker’s feature space.',
    reference: {
      authors: 'S. Pal, Y. Gupta, A. Shukla, A. Kanade, S. Shevade, V. Ganapathy',
      title: 'ActiveThief: Model Extraction Using Active Learning and Unannotated Public Data',
      venue: 'AAAI',
      year: 2020,
      url: 'https://doi.org/10.1609/aaai.v34i01.5432',
    },
  },
  usesFeatures: true,
  order: (context) => greedyOrder(context, 'farthest'),
};
