import { z } from 'zod';
import type { EncoderObservations } from '../contract/ownership.ts';
import { summarize } from '../statistics/students-t.ts';
import { defineOwnershipTest } from './define-ownership-test.ts';

/**
 * Share of a victim's mark that is read back from a suspect (the paper's WSR): for the rotation watermark the accuracy of the
 * victim's rotation predictor on the suspect's embeddings, 50 % by chance. The paper compares 30 + 30 accuracies of suspect
 * and one independent encoder by a t-test; batches of one encoder say how surely *these two encoders* differ, never how far
 * independent encoders differ from each other, so its p is given beside and the claim rests on one value per encoder.
 * Threat model: the mark survives copying, and the thief does not know it; removal is `watermark-removal`'s business.
 * Source: paper-spec 4.1, 6.5 and 6.12; section 8 (Welch and pooled over at least 30 disjoint batches).
 */

/** The paper's number of accuracies a side; fewer make its t-test another one. */
const FEWEST_BATCHES = 2;

export const watermarkSuccessRate = defineOwnershipTest({
  meta: {
    id: 'watermark-success-rate',
    version: 1,
    title: 'Watermark success rate',
    summary: 'Share of the victim’s mark that is read back from the suspect, over disjoint batches.',
    assumes:
      'Honest encoders do not carry the mark by themselves, and the key was fixed before the suspect was seen.',
    proves: 'That the suspect carries the mark more than independent encoders do.',
    reference: {
      authors: 'Dziedzic, Dhawan, Kaleem, Guan, Papernot',
      title: 'On the Difficulty of Defending Self-Supervised Learning against Model Extraction',
      venue: 'ICML',
      year: 2022,
      url: 'https://arxiv.org/abs/2205.07890',
    },
  },
  config: z.object({
    chance: z.number().min(0).max(1).default(0.5).describe('rate of an encoder without the mark'),
  }),
  runs: [{}],
  // The rates come from the mark's reader, and it looks at coordinates.
  invariantTo: () => [],
  notApplicable: (_config, _victim, suspect) =>
    ratesOf(suspect) === undefined
      ? (suspect.markGap ??
        'No mark was read: no key was given (--mark), or fewer than two batches were measured.')
      : undefined,
  async measure({ victim, reference }, suspect, { chance }) {
    const rates = ratesOf(suspect);
    if (rates === undefined) throw new RangeError('no rates');
    const own = summarize(rates);
    const victims = ratesOf(victim);
    const strangers = reference === undefined ? undefined : ratesOf(reference);
    return {
      statistic: own.mean,
      unit: 'fraction',
      n: own.count,
      figures: {
        aboveChance: own.mean - chance,
        deviation: Math.sqrt(own.variance),
        ...(victims === undefined ? {} : { victimRate: summarize(victims).mean }),
      },
      // The paper's test is two-sided: H0 is that both encoders show the mark equally often.
      ...(strangers === undefined
        ? {}
        : {
            withinModel: {
              first: own,
              second: summarize(strangers),
              alternative: 'two-sided' as const,
              samples: ['success per batch, suspect', 'success per batch, one independent encoder'] as const,
            },
          }),
    };
  },
});

function ratesOf({ markRates }: EncoderObservations): Float64Array | undefined {
  return markRates !== undefined && markRates.length >= FEWEST_BATCHES ? markRates : undefined;
}
