import { type Images, type Matrix, matrix, selectImages } from '../contract/data.ts';
import { MoatError } from '../contract/errors.ts';
import type { AttackContext, AttackOutcome, Oracle, SurrogateModel } from '../contract/method.ts';
import { crossEntropy } from '../losses/cross-entropy.ts';
import { HEAD_BIAS, HEAD_KERNEL } from '../surrogates/architecture.ts';
import { fitSurrogate } from '../surrogates/fit.ts';
import { openSurrogate } from '../surrogates/open.ts';
import { filterNames } from '../surrogates/parameters.ts';
import { findArchitecture } from '../surrogates/registry.ts';
import { kMeans } from '../tensor/linear-algebra/k-means.ts';
import { throwIfCancelled } from './define-attack.ts';
import { embedPublicly } from './public-embeddings.ts';
import { stageSlot } from './stage-slot.ts';

/** What a thief does to a copy by training once more, without another query. */

/** A context with the attack that makes the first copy. */
export type BasedContext = AttackContext & { readonly base: NonNullable<AttackContext['base']> };

/** Share of the extraction's epochs for which a copy is tuned. */
const TUNING_SHARE = 0.25;
/** Of the rate with which the copy was trained: enough to move it, little enough to keep what it can. */
const TUNING_RATE = 0.1;
/** Classes where the pool has none. */
const CLUSTERS = 20;
/** Passes of k-means: classes need to follow the data, not to be a minimum. */
const PASSES = 20;

/** Epochs of a tuning after an extraction of so many. */
export function tuningEpochs(epochs: number): number {
  return Math.max(1, Math.round(TUNING_SHARE * epochs));
}

/** Steals with the base attack, its checkpoint and progress those of a first of two trainings. */
export function stealFirst(context: BasedContext, share: number): Promise<AttackOutcome> {
  return context.base.run({
    ...context,
    checkpoint: stageSlot(context.checkpoint, 'first'),
    progress: (fraction, stage) => context.progress(share * fraction, stage),
  });
}

/**
 * The base attack once more, on the copy instead of the service: what the copy does not show in its answers is lost. It is
 * asked for as many images as the service was, others as far as the pool has others.
 */
export async function distillAgain(
  context: BasedContext,
  first: SurrogateModel,
  count: number,
  share: number,
): Promise<AttackOutcome> {
  const { engine, pool, poolLabels, backbone, rng } = context;
  const indices = otherIndices(pool, count);
  const copy = await openSurrogate(engine, first, backbone);
  try {
    return await context.base.run({
      ...context,
      oracle: copyOracle(copy, indices.length),
      pool: selectImages(pool, indices),
      poolLabels: Int32Array.from(indices, (index) => poolLabels[index] ?? -1),
      rng: rng.derive('second distillation'),
      checkpoint: stageSlot(context.checkpoint, 'second'),
      progress: (fraction, stage) => context.progress(share + (1 - share) * fraction, stage),
    });
  } finally {
    await copy.dispose();
  }
}

/**
 * Goes on training the copy's network as a classifier with a small rate: of the pool's classes where all images have one, else of
 * clusters of a public encoder's embeddings. The classifier is thrown away, the copy's own head is put back.
 * @throws MoatError `not-applicable` for a copy that is no network
 */
export async function tune(
  context: BasedContext,
  copy: SurrogateModel,
  count: number,
  share: number,
): Promise<AttackOutcome> {
  if (copy.kind !== 'network') throw new MoatError('not-applicable', NOTHING_TO_TUNE);
  const { engine, pool, surrogate, rng } = context;
  const indices = otherIndices(pool, count);
  const images = selectImages(pool, indices);
  const { labels, classes } = await classesOf(context, images, indices);
  throwIfCancelled(context.signal);
  const { learningRateFactor } = findArchitecture(copy.architecture);
  const usual = surrogate.training?.learningRate ?? crossEntropy.defaults.learningRate * learningRateFactor;
  const { surrogate: tuned, diagnostics } = await fitSurrogate({
    engine,
    settings: {
      ...surrogate,
      epochs: tuningEpochs(surrogate.epochs),
      training: { ...surrogate.training, learningRate: TUNING_RATE * usual },
      begin: copy.weights,
    },
    dimension: classes,
    isHeadless: true,
    inputs: [images],
    targets: [oneHot(labels, classes)],
    loss: crossEntropy,
    lossOptions: {},
    rng: rng.derive('tuning'),
    checkpoint: stageSlot(context.checkpoint, 'second'),
    signal: context.signal,
    progress: (fraction, stage) => context.progress(share + (1 - share) * fraction, stage),
    log: (message) => context.log(message),
  });
  // A copy that is a network was trained from pixels, and so is its tuning.
  if (tuned.kind !== 'network') throw new MoatError('internal', `A tuning ended as ${tuned.kind}.`);
  const head = filterNames(copy.weights, (name) => name === HEAD_KERNEL || name === HEAD_BIAS);
  return {
    surrogate: { ...copy, weights: { ...tuned.weights, ...head } },
    diagnostics: {
      tuningClasses: classes,
      tuningFirstLoss: diagnostics.firstLoss,
      tuningFinalLoss: diagnostics.finalLoss,
    },
  };
}

export const NOTHING_TO_TUNE =
  'Only a network can be tuned, and this base attack copies onto frozen features (base=direct-extraction makes a network).';

/** As many images as were sent, beginning behind those. */
function otherIndices(pool: Images, count: number): readonly number[] {
  return Array.from({ length: count }, (_, at) => (count + at) % pool.count);
}

/** The copy in the service's place: one account, as many rows as there are images. */
function copyOracle(
  copy: { readonly dimension: number; embed(images: Images): Promise<Matrix> },
  rows: number,
): Oracle {
  let left = rows;
  return {
    dimension: copy.dimension,
    accounts: 1,
    remaining: () => left,
    isOpen: () => true,
    async query(images) {
      if (images.count > left)
        throw new MoatError('budget-exhausted', `${images.count} rows were asked for with ${left} left.`);
      left -= images.count;
      return copy.embed(images);
    },
  };
}

async function classesOf(
  context: AttackContext,
  images: Images,
  indices: readonly number[],
): Promise<{ readonly labels: Int32Array; readonly classes: number }> {
  const { engine, poolLabels, rng } = context;
  const known = Int32Array.from(indices, (index) => poolLabels[index] ?? -1);
  if (known.every((label) => label >= 0)) return { labels: known, classes: 1 + Math.max(...known) };
  const embedded = await embedPublicly(context, images);
  const classes = Math.min(CLUSTERS, images.count);
  const { assignments } = await kMeans(engine, embedded, classes, rng.derive('classes'), {
    maxIterations: PASSES,
  });
  return { labels: assignments, classes };
}

/** Labels as rows of probabilities `[labels.length, classes]`. */
function oneHot(labels: Int32Array, classes: number): Matrix {
  const rows = new Float32Array(labels.length * classes);
  for (const [row, label] of labels.entries()) rows[row * classes + label] = 1;
  return matrix(rows, labels.length, classes);
}
