import { z } from 'zod';
import { augmentImages } from '../augment/augment-images.ts';
import { augmentationIds, openAugmentation } from '../augment/registry.ts';
import type { Images } from '../contract/data.ts';
import { MoatError } from '../contract/errors.ts';
import type { AttackContext } from '../contract/method.ts';
import { findLoss, lossIds } from '../losses/registry.ts';
import { fitSurrogate } from '../surrogates/fit.ts';
import { affordableImages, collectPaired } from './collect-replies.ts';
import { defineAttack } from './define-attack.ts';

/**
 * The paper's attack of choice (Dziedzic et al. 2022, Algorithm 1): query a set of images, then train a freshly
 * initialised encoder until it answers as the victim did. Replies are kept, so a query is paid for once.
 *
 * Threat model: black box, unlabelled images, no knowledge of the victim's architecture or training.
 *
 * With two views each image is sent as two SimCLR augmentations of it, drawn once (the paper redraws them in every
 * epoch, which multiplies the true number of queries by the epochs), so half as many images fit the budget.
 */
const config = z.object({
  loss: z.enum(lossIds).default('mse'),
  views: z.union([z.literal(1), z.literal(2)], { error: 'must be 1 or 2' }).default(1),
  /** What the attacker does to its own copies while training, the reply staying as it is: costs no query. */
  augmentation: z.enum(augmentationIds).default('flip-shift'),
});

/** Share of the attack's time, for progress only: replies mostly come from a cache. */
const QUERY_SHARE = 0.05;

export const directExtraction = defineAttack({
  meta: {
    id: 'direct-extraction',
    version: 2,
    title: 'Direct extraction',
    summary: 'Trains a fresh encoder to reproduce the replies to the queried images.',
    reference: {
      authors: 'A. Dziedzic, N. Dhawan, M. A. Kaleem, J. Guan, N. Papernot',
      title: 'On the Difficulty of Defending Self-Supervised Learning against Model Extraction',
      venue: 'ICML',
      year: 2022,
      url: 'https://arxiv.org/abs/2205.07890',
    },
    knowledge: 'Unlabelled images and the replies to them.',
    requires: [],
    training: 'network',
  },
  config,
  trainedImages: ({ views }, { budget, surrogate }) => Math.floor(budget / views) * views * surrogate.epochs,
  async run(context, { loss, views, augmentation }) {
    const sent = await drawViews(context, affordableImages(context, views), views);
    const { inputs, targets } = await collectPaired(context, sent, (fraction) =>
      context.progress(fraction * QUERY_SHARE, 'querying'),
    );
    const { surrogate, diagnostics } = await fitSurrogate({
      engine: context.engine,
      settings: context.surrogate,
      dimension: context.oracle.dimension,
      inputs,
      targets,
      loss: findLoss(loss),
      lossOptions: {},
      rng: context.rng.derive('surrogate'),
      checkpoint: context.checkpoint,
      signal: context.signal,
      progress: (fraction, stage) => context.progress(QUERY_SHARE + (1 - QUERY_SHARE) * fraction, stage),
      log: (message) => context.log(message),
      augmentation,
    });
    return { surrogate, diagnostics: { ...diagnostics, images: inputs[0]?.count ?? 0 } };
  },
});

/** What is sent: the images themselves, or two augmented copies of each at the victim's input size. */
async function drawViews(
  { engine, rng, signal }: AttackContext,
  images: Images,
  views: 1 | 2,
): Promise<readonly Images[]> {
  if (views === 1) return [images];
  if (images.height !== images.width)
    throw new MoatError(
      'not-applicable',
      `Two views are drawn as squares, and this encoder takes ${images.height} x ${images.width} images.`,
    );
  const drawn: Images[] = [];
  for (const name of ['first', 'second']) {
    if (signal.aborted) throw new MoatError('cancelled', 'The audit was cancelled.');
    drawn.push(await augmentImages(engine, openAugmentation('simclr'), images, rng.derive(`views/${name}`)));
  }
  return drawn;
}
