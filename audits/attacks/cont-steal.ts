import { z } from 'zod';
import { augmentationIds, openAugmentation } from '../augment/registry.ts';
import { type Images, type Matrix, selectImages, selectRows } from '../contract/data.ts';
import { MoatError } from '../contract/errors.ts';
import type { AttackContext } from '../contract/method.ts';
import { findLoss } from '../losses/registry.ts';
import type { LossDefinition } from '../losses/loss.ts';
import { fitSurrogate } from '../surrogates/fit.ts';
import { affordableImages, collectReplies } from './collect-replies.ts';
import { defineAttack } from './define-attack.ts';
import { drawViews, stackSets } from './queried-views.ts';

/**
 * Cont-Steal (Sha et al., CVPR 2023, section 4): the surrogate's vector of a view is pulled to the victim's vector of the
 * same view and pushed away from every other vector of the batch, the victim's and its own. Views are RandAugment's.
 *
 * Threat model: black box, unlabelled images, no knowledge of the victim's architecture or training.
 *
 * The paper draws new views in every epoch and asks the victim about each: images times epochs queries. Here
 * - `once`: one view per image, drawn and paid for once;
 * - `every-epoch`: as published, each epoch's views paid for from the same budget, which leaves budget / epochs images.
 */
const config = z.object({
  queries: z.enum(['once', 'every-epoch']).default('once'),
  /** Divides cosine similarities before the softmax: that of the code. */
  temperature: z.number().positive().max(100).default(0.5),
  /**
   * What the attacker does to its own copies of a sent view while training, with `once`: costs no query. Views of
   * `every-epoch` are new anyway and stay as they were sent.
   */
  augmentation: z.enum(augmentationIds).default('flip-shift'),
});

/** Share of the attack's time, for progress only. */
const VIEW_SHARE = 0.05;
const QUERY_SHARE = 0.1;

/** NT-Xent over the stacked vectors of both encoders is the paper's loss; rate and optimizer are those of its code. */
const contrastive: LossDefinition = {
  ...findLoss('infonce'),
  defaults: { batchSize: 32, optimizer: 'adam', learningRate: 3e-4, weightDecay: 0 },
};

export const contSteal = defineAttack({
  meta: {
    id: 'cont-steal',
    version: 1,
    title: 'Cont-Steal',
    summary: 'Contrasts the surrogate’s vectors of augmented images with the victim’s.',
    reference: {
      authors: 'Z. Sha, X. He, N. Yu, M. Backes, Y. Zhang',
      title: 'Can’t Steal? Cont-Steal! Contrastive Stealing Attacks Against Image Encoders',
      venue: 'CVPR',
      year: 2023,
      url: 'https://arxiv.org/abs/2201.07513',
    },
    knowledge: 'Unlabelled images and the replies to augmented versions of them.',
    requires: [],
    training: 'network',
  },
  config,
  trainedImages: ({ queries }, { budget, surrogate: { epochs } }) =>
    queries === 'once' ? budget * epochs : Math.floor(budget / epochs) * epochs,
  madeImages: (_config, { budget }) => budget,
  async run(context, { queries, temperature, augmentation }) {
    const draws = queries === 'once' ? 1 : context.surrogate.epochs;
    const images = affordableImages(context, draws);
    const { inputs, targets, rowsPerEpoch } = await queryViews(context, images, draws);
    const { surrogate, diagnostics } = await fitSurrogate({
      engine: context.engine,
      settings: context.surrogate,
      dimension: context.oracle.dimension,
      inputs: [inputs],
      targets: [targets],
      rowsPerEpoch,
      loss: contrastive,
      lossOptions: { temperature },
      rng: context.rng.derive('surrogate'),
      checkpoint: context.checkpoint,
      signal: context.signal,
      progress: (fraction, stage) => context.progress(QUERY_SHARE + (1 - QUERY_SHARE) * fraction, stage),
      log: (message) => context.log(message),
      augmentation: queries === 'once' ? augmentation : 'none',
    });
    return { surrogate, diagnostics: { ...diagnostics, images: rowsPerEpoch, views: inputs.count } };
  },
});

interface AnsweredViews {
  /** One draw of all images after another. */
  readonly inputs: Images;
  readonly targets: Matrix;
  readonly rowsPerEpoch: number;
}

/**
 * Sends so many draws of every image. Where the service refuses accounts on the way, the images are kept that were
 * answered in the first draw, and of the later draws those that have all of them.
 */
async function queryViews(context: AttackContext, images: Images, draws: number): Promise<AnsweredViews> {
  const names = Array.from({ length: draws }, (_, draw) => String(draw));
  const report = (fraction: number): void => context.progress(fraction * VIEW_SHARE, 'drawing views');
  const sent = stackSets(await drawViews(context, images, openAugmentation('rand-augment'), names, report));
  const { indices, replies } = await collectReplies(context, sent, (fraction) =>
    context.progress(VIEW_SHARE + fraction * (QUERY_SHARE - VIEW_SHARE), 'querying'),
  );
  if (indices.length === sent.count) return { inputs: sent, targets: replies, rowsPerEpoch: images.count };
  const places = new Map(indices.map((index, row) => [index, row]));
  const kept = [...Array(images.count).keys()].filter((image) => places.has(image));
  if (kept.length < 2)
    throw new MoatError('not-applicable', 'No two images were answered before every account was refused.');
  const rows = names
    .map((_, draw) => kept.map((image) => draw * images.count + image))
    .filter((draw) => draw.every((row) => places.has(row)))
    .flat();
  return {
    inputs: selectImages(sent, rows),
    targets: selectRows(
      replies,
      rows.map((row) => places.get(row) ?? 0),
    ),
    rowsPerEpoch: kept.length,
  };
}
