import { z } from 'zod';
import { parseChain } from '../contract/configuration.ts';
import { type Matrix, sliceImages } from '../contract/data.ts';
import { MoatError } from '../contract/errors.ts';
import type { AttackContext, AttackOutcome, SurrogateModel } from '../contract/method.ts';
import { calibrateStatistics } from '../surrogates/random-network.ts';
import { averagingOracle } from './averaging-oracle.ts';
import { defineAttack, throwIfCancelled } from './define-attack.ts';
import { mostViews, nearDuplicates } from './near-duplicates.ts';
import { prunedModel } from './pruned-model.ts';
import { embedPublicly } from './public-embeddings.ts';
import { recordReplies, replay } from './recorded-oracle.ts';
import { createShrinkage } from './reply-average.ts';
import {
  type BasedContext,
  distillAgain,
  NOTHING_TO_TUNE,
  stealFirst,
  tune,
  tuningEpochs,
} from './second-training.ts';
import { removeSuspiciousDirections } from './suspicious-directions.ts';
import { mapOutput, rotationMap, selectionMap } from './surrogate-output.ts';

/**
 * Steals with another attack and launders the copy: what a thief does against marks and fingerprints (landscape A17).
 * - `rotate`: a random rotation of what the copy answers; keeps every angle and distance;
 * - `permute`: its coordinates in another order; `truncate`: the first share of them only;
 * - `average`: replies averaged over near-duplicates of every image (to images what WET's paraphrases are to text);
 * - `distill`: the copy is stolen once more, by a fresh one;
 * - `fine-tune`: the copy goes on training as a classifier of the thief's own;
 * - `prune`: the smallest weights of every layer become 0, batch norm is settled again;
 * - `cse`: directions that make pairs of replies more alike than a public encoder finds them are taken out (WARDEN).
 *
 * Threat model: black box; the thief suspects a mark, knows neither its kind nor its key, and cannot tell whether it is gone. What the copy is
 * worth afterwards is the cell's stolen gain, what is left of the mark its `mark-score`: a mark that goes with the utility has won.
 */
const methods = ['rotate', 'permute', 'truncate', 'average', 'distill', 'fine-tune', 'prune', 'cse'] as const;

const config = z.object({
  /** The attack behind it: `direct-extraction/loss=cosine`, `/` where a configuration has `:`. */
  base: z.string().min(1).default('direct-extraction'),
  method: z.enum(methods).default('rotate'),
  /** Of `truncate`: share of the coordinates kept. */
  kept: z.number().positive().max(1).default(0.5),
  /** Of `average`: replies per image, the one to the image itself included. The budget counts rows, so fewer images. */
  views: z.int().min(2).max(mostViews('mixed')).default(4),
  /** Of `prune`: share of every kernel's weights that become 0. */
  pruned: z.number().positive().max(0.99).default(0.5),
  /** Of `cse`: directions taken out, as a share of the dimensions (ESpeW's script takes 50 of 1 536). */
  removed: z.number().positive().max(0.9).default(0.033),
});

type Config = z.infer<typeof config>;
type Method = Config['method'];

/** Images that settle the running statistics of a pruned network; more change nothing measurable. */
const SETTLING_IMAGES = 512;
/** Share of the attack's time for the first of two trainings, for progress only. */
const FIRST_OF_TWO = 0.5;
const FIRST_BEFORE_TUNING = 0.8;
/** And for queries and directions before a training. */
const QUERY_SHARE = 0.1;
const CLEANSING_SHARE = 0.2;

export const watermarkRemoval = defineAttack({
  meta: {
    id: 'watermark-removal',
    version: 1,
    title: 'Watermark removal',
    summary: 'Steals with another attack and launders the copy or the replies of marks.',
    reference: {
      authors: 'A. Shetty, Y. Teng, K. He, Q. Xu',
      title: 'WARDEN: Multi-Directional Backdoor Watermarks for Embedding-as-a-Service Copyright Protection',
      venue: 'ACL',
      year: 2024,
      url: 'https://aclanthology.org/2024.acl-long.725/',
    },
    knowledge:
      'As the base attack; that replies may carry a mark; for `cse` and `fine-tune` a public encoder.',
    requires: ['base-attack'],
    usesPublicEncoder: true,
    training: 'network',
    launders: true,
  },
  config,
  notApplicable({ base, method }) {
    const spec = parseChain(base.replaceAll('/', ':'))[0];
    if (method === 'fine-tune' && spec?.id === 'backbone-stitching') return NOTHING_TO_TUNE;
    const { views = '1', queryAugmentation = 'none' } = spec?.values ?? {};
    return method === 'cse' && (views !== '1' || queryAugmentation !== 'none')
      ? 'watermark-removal:method=cse needs all replies to the pool before its base starts, and this base sends views of the images instead of them.'
      : undefined;
  },
  trainedImages: ({ method }, { budget, poolImages, surrogate }) =>
    method === 'fine-tune' ? Math.min(budget, poolImages) * tuningEpochs(surrogate.epochs) : 0,
  madeImages: (settings, { budget }) =>
    settings.method === 'average' ? launderedImages(settings, budget) * (settings.views - 1) : 0,
  async run(context, settings) {
    const { base } = context;
    if (base === undefined) throw new MoatError('internal', 'watermark-removal was started without a base.');
    return removals[settings.method]({ ...context, base }, settings);
  },
});

/** Images that reach the base attack for a nominal budget, over all its runs. */
export function launderedImages(settings: Readonly<Record<string, unknown>>, budget: number): number {
  const { method, views } = config.parse(settings);
  if (method === 'average') return Math.floor(budget / views);
  return method === 'distill' ? 2 * budget : budget;
}

const removals: Readonly<
  Record<Method, (context: BasedContext, settings: Config) => Promise<AttackOutcome>>
> = {
  rotate: async (context) =>
    withMappedOutput(context, (dimension) =>
      rotationMap(context.engine, dimension, context.rng.derive('rotation')),
    ),
  permute: async (context) =>
    withMappedOutput(context, async (dimension) =>
      selectionMap(dimension, context.rng.derive('order').permutation(dimension)),
    ),
  truncate: async (context, { kept }) =>
    withMappedOutput(context, async (dimension) => {
      const count = Math.max(1, Math.round(kept * dimension));
      return selectionMap(
        dimension,
        Array.from({ length: count }, (_, column) => column),
      );
    }),
  async average(context, { views }) {
    const { oracle } = context;
    const shrinkage = createShrinkage(oracle.dimension, views);
    const rng = context.rng.derive('views');
    const outcome = await context.base.run({
      ...context,
      oracle: averagingOracle(oracle, views, shrinkage, (images, view) =>
        nearDuplicates(images, view, 'mixed', rng),
      ),
    });
    return { ...outcome, diagnostics: { ...outcome.diagnostics, views } };
  },
  async distill(context) {
    const count = sentImages(context);
    const first = await stealFirst(context, FIRST_OF_TWO);
    throwIfCancelled(context.signal);
    return distillAgain(context, first.surrogate, count, FIRST_OF_TWO);
  },
  async 'fine-tune'(context) {
    const count = sentImages(context);
    const first = await stealFirst(context, FIRST_BEFORE_TUNING);
    throwIfCancelled(context.signal);
    const tuned = await tune(context, first.surrogate, count, FIRST_BEFORE_TUNING);
    return { ...tuned, diagnostics: { ...first.diagnostics, ...tuned.diagnostics } };
  },
  async prune(context, { pruned }) {
    const { surrogate, diagnostics } = await context.base.run(context);
    const { model, zeros } = prunedModel(surrogate, pruned);
    const sample = sliceImages(context.pool, 0, Math.min(context.pool.count, SETTLING_IMAGES));
    const settled =
      model.kind === 'network' ? await calibrateStatistics(context.engine, model, sample) : model;
    return { surrogate: settled, diagnostics: { ...diagnostics, prunedWeights: zeros } };
  },
  async cse(context, { removed }) {
    const { engine, rng } = context;
    const record = await recordReplies(context, (fraction) =>
      context.progress(fraction * QUERY_SHARE, 'querying'),
    );
    const known = await embedPublicly(context, record.images);
    throwIfCancelled(context.signal);
    context.progress(CLEANSING_SHARE, 'looking for directions');
    const count = Math.max(1, Math.round(removed * record.replies.columns));
    const cleansed = await removeSuspiciousDirections(
      engine,
      record.replies,
      known,
      count,
      rng.derive('clusters'),
    );
    const outcome = await context.base.run({
      ...context,
      ...replay({ ...record, replies: cleansed.replies }, 'watermark-removal'),
      progress: (fraction, stage) =>
        context.progress(CLEANSING_SHARE + (1 - CLEANSING_SHARE) * fraction, stage),
    });
    const { pairs, directions, removedShare } = cleansed;
    return { ...outcome, diagnostics: { ...outcome.diagnostics, pairs, directions, removedShare } };
  },
};

/** Steals, then replaces the copy's last layer. */
async function withMappedOutput(
  context: BasedContext,
  mapOf: (dimension: number) => Promise<Matrix>,
): Promise<AttackOutcome> {
  const { surrogate, diagnostics } = await context.base.run(context);
  const map = await mapOf(dimensionOf(surrogate));
  return {
    surrogate: await mapOutput(context.engine, surrogate, map),
    diagnostics: { ...diagnostics, dimension: map.columns },
  };
}

function dimensionOf(model: SurrogateModel): number {
  if (model.kind === 'network') return model.dimension;
  if (model.kind === 'linear-on-features') return model.weights.columns;
  throw new MoatError('internal', 'A base attack returned the public encoder instead of a surrogate.');
}

/** Images that the base will send: what the budget pays for, as far as the pool goes. */
function sentImages({ oracle, pool }: AttackContext): number {
  return Math.min(pool.count, oracle.remaining());
}
