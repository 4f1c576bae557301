import { z } from 'zod';
import { augmentationIds, openAugmentation, type AugmentationId } from '../augment/registry.ts';
import { selectImages } from '../contract/data.ts';
import { MoatError } from '../contract/errors.ts';
import type { AttackContext } from '../contract/method.ts';
import type { LossOptions } from '../losses/loss.ts';
import { findLoss, lossIds, type LossId } from '../losses/registry.ts';
import { fitSurrogate } from '../surrogates/fit.ts';
import { affordableImages, collectPaired } from './collect-replies.ts';
import { defineAttack } from './define-attack.ts';
import { drawViews } from './queried-views.ts';

/**
 * The paper's attack of choice (Dziedzic et al. 2022, Algorithm 1): query a set of images, then train a freshly
 * initialised encoder until it answers as the victim did. Replies are kept, so a query is paid for once.
 *
 * Threat model: black box, unlabelled images, no knowledge of the victim's architecture or training.
 *
 * With two views each image is sent as two augmentations of it, drawn once (the paper redraws them in every epoch, which
 * multiplies the true number of queries by the epochs), so half as many images fit the budget.
 */
const settings = z.object({
  loss: z.enum(lossIds).default('mse'),
  views: z.union([z.literal(1), z.literal(2)], { error: 'must be 1 or 2' }).default(1),
  /** What is done to images before they are sent (paper-spec 4.1, 6.12); default: nothing, and SimCLR's with two views. */
  queryAugmentation: z.enum(augmentationIds).exclude(['none']).optional(),
  /** What the attacker does to its own copies while training, the reply staying as it is: costs no query. */
  augmentation: z.enum(augmentationIds).default('flip-shift'),
  /** Divides similarities or distances (`infonce`, `softnn`, `supcon`); default: the loss's own of the paper. */
  temperature: z.number().positive().optional(),
  /** With two views, `infonce` takes the `first` of a row's three positives, as the paper's code, or their `mean` (default). */
  positives: z.enum(['first', 'mean']).optional(),
});

type Config = z.infer<typeof settings>;

/** What cannot be trained is refused where it is typed. */
const config = settings.superRefine((chosen, issues) => {
  const misfit = misfitOf(chosen);
  if (misfit !== undefined) issues.addIssue(misfit);
});

/** Streams of the views of an image, in order. */
const VIEW_NAMES = ['first', 'second'] as const;

const sentAs = ({ views, queryAugmentation }: Config): AugmentationId =>
  queryAugmentation ?? (views === 1 ? 'none' : 'simclr');

const withTemperature: readonly LossId[] = ['infonce', 'softnn', 'supcon'];

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
  madeImages: (chosen, { budget }) =>
    sentAs(chosen) === 'none' ? 0 : Math.floor(budget / chosen.views) * chosen.views,
  notApplicable: ({ loss }, { hasPoolLabels }) =>
    findLoss(loss).needsLabels === true && !hasPoolLabels ? missingLabels(loss) : undefined,
  async run(context, chosen) {
    const { loss: lossId, views, augmentation } = chosen;
    const loss = findLoss(lossId);
    const asked = affordableImages(
      loss.needsLabels === true ? labelledPool(context, lossId) : context,
      views,
    );
    const augmentationOfQueries = sentAs(chosen);
    const sent =
      augmentationOfQueries === 'none'
        ? [asked]
        : await drawViews(
            context,
            asked,
            openAugmentation(augmentationOfQueries),
            VIEW_NAMES.slice(0, views),
            () => undefined,
          );
    const { inputs, targets, indices } = await collectPaired(context, sent, (fraction) =>
      context.progress(fraction * QUERY_SHARE, 'querying'),
    );
    const { surrogate, diagnostics } = await fitSurrogate({
      engine: context.engine,
      settings: context.surrogate,
      dimension: context.oracle.dimension,
      inputs,
      targets,
      loss,
      ...(loss.needsLabels === true ? { labels: labelsOfAnswered(context, indices) } : {}),
      lossOptions: lossOptions(chosen),
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

/** Why nothing can be trained as this configuration has it: a sentence without its full stop. */
function misfitOf({ loss, views, queryAugmentation, temperature, positives }: Config): string | undefined {
  if (!findLoss(loss).views.includes(views))
    return `${loss} compares two views of each image: add views=2 (direct-extraction:loss=${loss}:views=2)`;
  // One attack has one spelling.
  if (views === 2 && queryAugmentation === 'simclr')
    return 'two views are SimCLR’s as they are: leave out queryAugmentation, or name another';
  if (temperature !== undefined && !withTemperature.includes(loss))
    return `${loss} has no temperature; ${withTemperature.join(', ')} have one`;
  if (positives !== undefined && (loss !== 'infonce' || views !== 2))
    return 'positives is a choice of infonce with two views';
  return undefined;
}

function lossOptions({ temperature, positives }: Config): LossOptions {
  return {
    ...(temperature === undefined ? {} : { temperature }),
    ...(positives === undefined ? {} : { positives }),
  };
}

function missingLabels(loss: string): string {
  return `${loss} needs the class of every queried image, and no image of the query pool has one (a pool of class folders has).`;
}

/** The attacker sends only images of which it knows the class. */
function labelledPool(
  { oracle, pool, poolLabels }: AttackContext,
  loss: string,
): Pick<AttackContext, 'oracle' | 'pool'> {
  const labelled = labelledIndices(poolLabels);
  if (labelled.length === 0) throw new MoatError('not-applicable', missingLabels(loss));
  return { oracle, pool: labelled.length === pool.count ? pool : selectImages(pool, labelled) };
}

/** @param indices of the answered images among those sent, the first labelled ones of the pool */
function labelsOfAnswered({ poolLabels }: AttackContext, indices: readonly number[]): Int32Array {
  const labelled = labelledIndices(poolLabels);
  return Int32Array.from(indices, (index) => poolLabels[labelled[index] ?? -1] ?? -1);
}

function labelledIndices(labels: Int32Array): readonly number[] {
  return [...labels.keys()].filter((index) => (labels[index] ?? -1) >= 0);
}
