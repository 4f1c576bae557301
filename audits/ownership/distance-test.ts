import { z } from 'zod';
import { summarize } from '../statistics/students-t.ts';
import { defineOwnershipTest } from './define-ownership-test.ts';
import { rowDistance } from './row-distances.ts';

/**
 * Mean Euclidean distance of a suspect's embeddings from the victim's over the same images (the paper's Table 18): a copy trained
 * to reply alike stands nearer than an encoder of another seed.
 * Threat model: the thief regressed the replies and returns its vectors as they are. Contrastive copies may stand farther away
 * than strangers (Table 18, InfoNCE), and any rotation, permutation or change of scale hides a copy from it.
 * Source: paper-spec 4.5 and 6.13.
 */
export const distanceTest = defineOwnershipTest({
  meta: {
    id: 'distance-test',
    version: 1,
    title: 'Distance from the victim',
    summary:
      'Mean distance between suspect’s and victim’s embeddings of the same images; nearer speaks for a copy.',
    assumes: 'The suspect answers in the victim’s own coordinates and scale.',
    proves: 'That the suspect answers as the victim does; being far away shows nothing.',
    reference: {
      authors: 'Dziedzic, Dhawan, Kaleem, Guan, Papernot',
      title: 'On the Difficulty of Defending Self-Supervised Learning against Model Extraction',
      venue: 'ICML',
      year: 2022,
      url: 'https://arxiv.org/abs/2205.07890',
    },
  },
  config: z.object({}),
  runs: [{}],
  invariantTo: () => [],
  notApplicable: (_config, victim, suspect) =>
    victim.compared.columns === suspect.compared.columns
      ? undefined
      : `Distances need vectors of one length: ${suspect.name} answers with ${suspect.compared.columns} numbers, the victim with ${victim.compared.columns}.`,
  async measure({ victim }, suspect) {
    const { rows } = suspect.compared;
    const distances = Float64Array.from({ length: rows }, (_, row) =>
      rowDistance(victim.compared, row, suspect.compared, row),
    );
    const { mean, variance } = summarize(distances);
    return {
      // Nearer is more like a copy, and statistics grow with likeness.
      statistic: -mean,
      unit: 'none',
      n: rows,
      figures: { distance: mean, deviation: Math.sqrt(variance) },
    };
  },
});
