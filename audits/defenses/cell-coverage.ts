import { z } from 'zod';
import { openCoverageSession } from './coverage-noise.ts';
import { defineDefense } from './define-defense.ts';
import { providerCells } from './provider-cells.ts';

/**
 * Noise that grows with the share of data-aware cells an account has visited (after ADAGE, Xu et al. 2025, which counts
 * the communities of a graph; landscape D3): the cells are clusters of the provider's own embeddings, so that coverage
 * counts kinds of data instead of directions, and does not depend on where the origin lies.
 * `y = e + N(0, sigma^2)`, `sigma = alpha * share^slope`, in standard deviations of each dimension.
 *
 * Threat model as for `b4b`: honest users need few kinds of data, thieves all of them; state belongs to the account.
 */
const config = z.object({
  /** Clusters of the provider's embeddings; at most as many as it has rows. */
  cells: z.int().min(2).max(4096).default(64),
  /** Noise once every cell was visited, in standard deviations of each dimension. */
  alpha: z.number().positive().max(1000).default(4),
  /** Power of the visited share: the higher, the longer an account is answered nearly clean. */
  slope: z.number().min(0.5).max(32).default(4),
});

export const cellCoverage = defineDefense({
  meta: {
    id: 'cell-coverage',
    version: 1,
    title: 'Cell coverage noise',
    summary: 'Adds noise that grows with the share of data clusters an account has visited.',
    reference: {
      authors: 'J. Xu, F. Boenisch, A. Dziedzic',
      title: 'ADAGE: Active Defenses Against GNN Extraction',
      venue: 'arXiv',
      year: 2025,
      url: 'https://arxiv.org/abs/2503.00065',
    },
    mechanism: 'A thief has to ask for every kind of data, an honest user for few.',
    mustFace: [
      'direct-extraction',
      'repeat-averaging',
      'view-averaging',
      'sybil-remap',
      'defense-aware-schedule',
    ],
    stateful: true,
  },
  config,
  openSession({ config: { cells, alpha, slope }, provider, account, rng }) {
    // The key's, not the account's: every account of a service is measured by the same cells.
    const division = providerCells(provider.embeddings, cells, rng.derive('cells'));
    return openCoverageSession(
      { ...division, sigma: (coverage) => alpha * coverage ** slope, unit: provider.standardDeviation },
      account,
      rng,
    );
  },
});
