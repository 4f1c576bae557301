import { z } from 'zod';
import { MoatError } from '../contract/errors.ts';
import { averagingOracle } from './averaging-oracle.ts';
import { defineAttack } from './define-attack.ts';
import { createShrinkage } from './reply-average.ts';

/**
 * Asks for every image several times and averages the replies before another attack sees them (landscape A12; the idea
 * behind RDA's prototypes, on identical images): noise that is fresh on every reply shrinks to `sigma^2 / repeats`. What is left is shrunk towards the mean by the optimal
 * linear factor per dimension, estimated from the spread of the repeats alone.
 *
 * Threat model: the attacker suspects noise, knows neither its kind nor its size, and pays for every repeat. With
 * several accounts the repeats go to different ones, which also averages noise keyed by account and input.
 */
const config = z.object({
  /** The attack behind it: `direct-extraction/loss=cosine`, `/` where a configuration has `:`. */
  base: z.string().min(1).default('direct-extraction'),
  /** Replies per image. */
  repeats: z.int().min(1).max(256).default(4),
  /** `queries`: the budget counts rows, so fewer images; `images`: as many images as the budget, each paid for again. */
  equal: z.enum(['queries', 'images']).default('queries'),
});

export const repeatAveraging = defineAttack({
  meta: {
    id: 'repeat-averaging',
    version: 2,
    title: 'Repeat averaging',
    summary: 'Queries each image several times and hands the shrunken average to another attack.',
    reference: {
      authors: 'S. Wu, C. Ma, K. Wei, X. Xu, M. Ding, Y. Qian, T. Xiang',
      title:
        'Refine, Discriminate and Align: Stealing Encoders via Sample-Wise Prototypes and Multi-Relational Extraction',
      venue: 'ECCV',
      year: 2024,
      url: 'https://arxiv.org/abs/2312.00855',
    },
    knowledge: 'As the base attack; that replies may carry noise.',
    requires: ['base-attack'],
    training: 'network',
  },
  config,
  queryAllowance: ({ repeats, equal }, budget) => (equal === 'images' ? budget * repeats : budget),
  async run(context, { repeats }) {
    const { base, oracle } = context;
    if (base === undefined) throw new MoatError('internal', 'repeat-averaging was started without a base.');
    const shrinkage = createShrinkage(oracle.dimension, repeats);
    const outcome = await base.run({
      ...context,
      oracle: averagingOracle(oracle, repeats, shrinkage, (images) => images),
    });
    const { noiseShare, meanFactor } = shrinkage.summary();
    return {
      surrogate: outcome.surrogate,
      diagnostics: {
        ...outcome.diagnostics,
        repeats,
        estimatedNoiseShare: noiseShare,
        meanShrinkage: meanFactor,
      },
    };
  },
});

/** Images that reach the base attack for a nominal budget. */
export function averagedImages(settings: Readonly<Record<string, unknown>>, budget: number): number {
  const { repeats, equal } = config.parse(settings);
  return equal === 'images' ? budget : Math.floor(budget / repeats);
}
