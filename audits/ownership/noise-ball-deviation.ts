import { z } from 'zod';
import type { EncoderObservations } from '../contract/ownership.ts';
import { summarize } from '../statistics/students-t.ts';
import { defineOwnershipTest } from './define-ownership-test.ts';
import { distancesToOriginals } from './row-distances.ts';

/**
 * How unevenly an encoder moves around a training image: per image the deviation of `‖f(x + δ) - f(x)‖` over neighbors `x + δ`,
 * averaged over private images. Copies moved less evenly than their victim in the paper's draft (0.02 to 0.05 against 0.061),
 * but independent encoders did not stand apart from the victim (0.0605), so the victim itself is not recognised by it.
 * Threat model: the thief returns its vectors as they are; a change of scale changes the number.
 * Source: paper-spec 4.5 and 6.14 (the draft's appendix F).
 */
export const noiseBallDeviation = defineOwnershipTest({
  meta: {
    id: 'noise-ball-deviation',
    version: 1,
    title: 'Deviation in a noise ball',
    summary:
      'How much the distance an embedding moves varies around a private image; smaller was seen on stolen encoders.',
    assumes: 'The suspect answers in the victim’s own scale, and copies are smoother than what they copy.',
    proves: 'That a suspect is smoother around private images than other encoders are, whatever made it so.',
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
  disturbances: () => ['nearby'],
  invariantTo: () => ['rotated', 'permuted', 'padded', 'shifted'],
  notApplicable: (_config, victim, suspect) =>
    deviationsOf(victim) === undefined || deviationsOf(suspect) === undefined
      ? 'It needs private images with at least two neighbors each (--private).'
      : undefined,
  async measure({ victim }, suspect) {
    const [own, others] = [deviationsOf(suspect), deviationsOf(victim)];
    if (own === undefined || others === undefined) throw new RangeError('no neighbors');
    const [first, second] = [summarize(own), summarize(others)];
    return {
      statistic: -first.mean,
      unit: 'none',
      n: first.count,
      figures: { deviation: first.mean, victimDeviation: second.mean },
      withinModel: {
        first,
        second,
        alternative: 'less',
        samples: ['deviation per private image, suspect', 'deviation per private image, victim'],
      },
    };
  },
});

/** Per image, the deviation of its neighbors' distances; undefined without neighbors. */
function deviationsOf({ private: side }: EncoderObservations): Float64Array | undefined {
  const nearby = side?.nearby;
  if (side === undefined || nearby === undefined || nearby.perImage < 2 || nearby.images < 2)
    return undefined;
  const distances = distancesToOriginals(side.embeddings, nearby);
  return Float64Array.from({ length: nearby.images }, (_, image) => {
    const own = distances.subarray(image * nearby.perImage, (image + 1) * nearby.perImage);
    return Math.sqrt(summarize(own).variance);
  });
}
