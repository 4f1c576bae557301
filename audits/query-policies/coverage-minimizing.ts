import { greedyOrder } from './greedy-order.ts';
import type { QueryPolicyDefinition } from './query-policy.ts';

/**
 * The twin of greedy k-center (landscape A16): after a random first image always the one closest to any that was sent, in
 * the attacker's own feature space. What is sent grows outwards from one place and enters few cells of the embedding space,
 * which keeps a defense cheap that charges for coverage (B4B, ADAGE); the price is a surrogate that has seen little.
 * Threat model: the attacker suspects such a defense; unlabelled images and a feature space of one's own.
 */
export const coverageMinimizing: QueryPolicyDefinition = {
  meta: {
    id: 'coverage-minimizing',
    version: 1,
    title: 'Coverage minimizing',
    summary: 'Sends the image closest to any sent before, so that the queries stay in few cells.',
    reference: {
      authors: 'J. Dubiński, S. Pawlak, F. Boenisch, T. Trzciński, A. Dziedzic',
      title: 'Bucks for Buckets (B4B): Active Defenses Against Stealing Encoders',
      venue: 'NeurIPS',
      year: 2023,
      url: 'https://arxiv.org/abs/2310.08571',
    },
  },
  usesFeatures: true,
  order: (context) => greedyOrder(context, 'nearest'),
};
