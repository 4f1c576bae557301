import { z } from 'zod';
import { MoatError } from '../contract/errors.ts';
import { averagingOracle } from './averaging-oracle.ts';
import { defineAttack } from './define-attack.ts';
import { changeKinds, mostViews, nearDuplicates } from './near-duplicates.ts';
import { createShrinkage } from './reply-average.ts';

/**
 * Asks for several near-duplicates of every image, averages the replies and hands the average on as the reply to the image
 * (landscape A13; RDA's prototypes, and in text the paraphrases of WET). To a service that caches replies, or whose noise is a
 * function of account and input, each of them is a new input: what repeats cannot average, views do. Rounding too is
 * dithered: the average of replies on both sides of a border lies between them. The price is what a change does to the clean
 * embedding; the shrinkage of `repeat-averaging` counts it as noise.
 *
 * Threat model: as for repeats, and that no near-duplicate detector stands before the service.
 */
const config = z.object({
  /** The attack behind it: `direct-extraction/loss=cosine`, `/` where a configuration has `:`. */
  base: z.string().min(1).default('direct-extraction'),
  /** Replies per image, the one to the image itself included. */
  views: z.int().min(1).max(25).default(4),
  /**
   * `grey`: a level up or down per channel; `shift`: one pixel; `crop`: two pixels less, enlarged; `mixed`: all of them.
   * The least change does the least to a clean embedding, and is the first that a service could see through.
   */
  change: z.enum(changeKinds).default('mixed'),
  /** `queries`: the budget counts rows, so fewer images; `images`: as many images as the budget, each paid for again. */
  equal: z.enum(['queries', 'images']).default('queries'),
});

export const viewAveraging = defineAttack({
  meta: {
    id: 'view-averaging',
    version: 1,
    title: 'View averaging',
    summary: 'Queries near-duplicates of each image and hands the shrunken average to another attack.',
    reference: {
      authors: 'S. Wu, C. Ma, K. Wei, X. Xu, M. Ding, Y. Qian, T. Xiang',
      title:
        'Refine, Discriminate and Align: Stealing Encoders via Sample-Wise Prototypes and Multi-Relational Extraction',
      venue: 'ECCV',
      year: 2024,
      url: 'https://arxiv.org/abs/2312.00855',
    },
    knowledge: 'As the base attack; that replies may carry noise keyed by their input.',
    requires: ['base-attack'],
    training: 'network',
  },
  config,
  queryAllowance: ({ views, equal }, budget) => (equal === 'images' ? budget * views : budget),
  madeImages: (settings, { budget }) => viewedImages(settings, budget) * (settings.views - 1),
  notApplicable: ({ views, change }) =>
    views > mostViews(change)
      ? `view-averaging knows ${mostViews(change)} views by ${change}, and ${views} are asked for.`
      : undefined,
  async run(context, { views, change }) {
    const { base, oracle } = context;
    if (base === undefined) throw new MoatError('internal', 'view-averaging was started without a base.');
    const shrinkage = createShrinkage(oracle.dimension, views);
    const rng = context.rng.derive('views');
    const outcome = await base.run({
      ...context,
      oracle: averagingOracle(oracle, views, shrinkage, (images, view) =>
        nearDuplicates(images, view, change, rng),
      ),
    });
    const { noiseShare, meanFactor } = shrinkage.summary();
    return {
      surrogate: outcome.surrogate,
      diagnostics: {
        ...outcome.diagnostics,
        views,
        estimatedNoiseShare: noiseShare,
        meanShrinkage: meanFactor,
      },
    };
  },
});

/** Images that reach the base attack for a nominal budget. */
export function viewedImages(settings: Readonly<Record<string, unknown>>, budget: number): number {
  const { views, equal } = config.parse(settings);
  return equal === 'images' ? budget : Math.floor(budget / views);
}
