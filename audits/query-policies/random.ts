import type { QueryPolicyDefinition } from './query-policy.ts';

/**
 * The pool in seeded random order: what an attacker does who knows nothing better (the random strategy of Knockoff Nets,
 * landscape A7). Threat model: unlabelled images, no knowledge of the service.
 */
export const random: QueryPolicyDefinition = {
  meta: {
    id: 'random',
    version: 1,
    title: 'Random order',
    summary: 'Sends the pool in a seeded random order.',
    reference: {
      authors: 'T. Orekondy, B. Schiele, M. Fritz',
      title: 'Knockoff Nets: Stealing Functionality of Black-Box Models',
      venue: 'CVPR',
      year: 2019,
      url: 'https://arxiv.org/abs/1812.02766',
    },
  },
  usesFeatures: false,
  order: ({ rng, count }) => Promise.resolve(rng.permutation(count)),
};
