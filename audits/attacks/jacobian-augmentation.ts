import { z } from 'zod';
import { type Images, type Matrix, matrix, selectImages } from '../contract/data.ts';
import { MoatError } from '../contract/errors.ts';
import type { AttackContext } from '../contract/method.ts';
import { hashedImages } from '../datasets/image-hash.ts';
import { findLoss } from '../losses/registry.ts';
import { fitSurrogate, type FitResult } from '../surrogates/fit.ts';
import { asNetwork } from '../surrogates/inference.ts';
import { inputGradients } from '../surrogates/input-gradients.ts';
import { movedPixels } from '../surrogates/moved-pixels.ts';
import type { NamedArrays } from '../surrogates/parameters.ts';
import { backboneStart } from '../surrogates/training-schema.ts';
import { affordableImages, collectReplies } from './collect-replies.ts';
import { defineAttack } from './define-attack.ts';
import { openRounds } from './round-checkpoint.ts';

/**
 * Jacobian-based augmentation (Papernot et al., AsiaCCS 2017, section 4.2), for embeddings: from a few images, each round
 * trains a surrogate on all replies so far, moves every image by `step` along the sign of the gradient of
 * `s(x) = g(x) . u`, with a random direction `u` per image (T-rnd of PRADA), and asks for the replies to the moved images, which
 * doubles the set. After the last round a fresh surrogate is trained on everything.
 *
 * Threat model: black box, few images of its own. Its queries are synthetic and crowd around the seeds: it is in the battery to
 * exercise detectors more than for what it steals.
 */
const config = z.object({
  /** Doublings. 4 turn 31 images into 496 and 312 into 4 992; the paper has 6, from 150. */
  rounds: z.int().min(1).max(10).default(4),
  /** Largest change of a pixel per round, on [0, 1]: lambda of the paper. */
  step: z.number().positive().max(1).default(0.1),
});

const NO_GRADIENTS =
  'jacobian-augmentation follows the surrogate’s gradients down to the pixels, and a frozen backbone gives none.';

/** What has been answered so far. */
interface Known {
  readonly images: Images;
  readonly replies: Matrix;
}

export const jacobianAugmentation = defineAttack({
  meta: {
    id: 'jacobian-augmentation',
    version: 1,
    title: 'Jacobian augmentation',
    summary: 'Grows a few images into synthetic queries along the surrogate’s gradients.',
    reference: {
      authors: 'N. Papernot, P. McDaniel, I. Goodfellow, S. Jha, Z. B. Celik, A. Swami',
      title: 'Practical Black-Box Attacks against Machine Learning',
      venue: 'AsiaCCS',
      year: 2017,
      url: 'https://arxiv.org/abs/1602.02697',
    },
    knowledge: 'A few unlabelled images and the replies to them and to changed versions of them.',
    requires: [],
    training: 'network',
  },
  config,
  notApplicable: (_config, { surrogate }) =>
    surrogate !== undefined && backboneStart(surrogate) !== undefined ? NO_GRADIENTS : undefined,
  trainedImages: ({ rounds }, { budget, surrogate }) =>
    Math.floor(budget / 2 ** rounds) * (2 ** (rounds + 1) - 1) * surrogate.epochs,
  // All but the seeds.
  madeImages: ({ rounds }, { budget }) => Math.floor(budget / 2 ** rounds) * (2 ** rounds - 1),
  async run(context, { rounds, step }) {
    const seeds = affordableImages(context, 2 ** rounds);
    const checkpoint = await openRounds(context.checkpoint);
    if (backboneStart(context.surrogate) !== undefined) throw new MoatError('not-applicable', NO_GRADIENTS);
    const trained: NamedArrays[] = [];
    const fit = async (known: Known, round: number): Promise<FitResult> => {
      const share = (before: number): number => (2 ** before - 1) / (2 ** (rounds + 1) - 1);
      return fitSurrogate({
        engine: context.engine,
        settings: context.surrogate,
        dimension: context.oracle.dimension,
        inputs: [known.images],
        targets: [known.replies],
        loss: findLoss('mse'),
        lossOptions: {},
        rng: context.rng.derive(`surrogate/${round}`),
        checkpoint: checkpoint.slot(round, trained),
        signal: context.signal,
        progress: (fraction, stage) =>
          context.progress(share(round) + (share(round + 1) - share(round)) * fraction, stage),
        log: (message) => context.log(message),
      });
    };
    let known = await ask(context, seeds);
    let round = 0;
    for (; round < rounds; round++) {
      const weights = checkpoint.finished[round] ?? asNetwork((await fit(known, round)).surrogate).weights;
      trained.push(weights);
      const moved = await moveImages(context, weights, known.images, { round, step });
      const answered = await askWhileOpen(context, moved);
      if (answered === undefined) break;
      known = joined(known, answered);
    }
    const { surrogate, diagnostics } = await fit(known, rounds);
    return {
      surrogate,
      diagnostics: { ...diagnostics, seeds: seeds.count, images: known.images.count, rounds: round },
    };
  },
});

async function ask(context: AttackContext, images: Images): Promise<Known> {
  const { indices, replies } = await collectReplies(context, images, () => undefined);
  return { images: indices.length === images.count ? images : selectImages(images, indices), replies };
}

/** Undefined once the service answers nothing more: the attacker goes on with what there is. */
async function askWhileOpen(context: AttackContext, images: Images): Promise<Known | undefined> {
  try {
    return await ask(context, images);
  } catch (error) {
    if (error instanceof MoatError && error.code === 'not-applicable') return undefined;
    throw error;
  }
}

/** Every image moved along the sign of its gradient, as bytes. */
async function moveImages(
  { engine, rng, signal, surrogate: { architecture, inputSize }, oracle: { dimension } }: AttackContext,
  weights: NamedArrays,
  images: Images,
  { round, step }: { readonly round: number; readonly step: number },
): Promise<Images> {
  const stream = rng.derive(`directions/${round}`);
  const directions = matrix(
    Float32Array.from({ length: images.count * dimension }, () => stream.normal()),
    images.count,
    dimension,
  );
  const model = { kind: 'network', architecture, inputSize, dimension, weights } as const;
  const gradients = await inputGradients(engine, model, images, directions, signal);
  return hashedImages(
    movedPixels(images, gradients, inputSize, step * 255),
    images.count,
    images.height,
    images.width,
  );
}

function joined(first: Known, second: Known): Known {
  const data = new Uint8Array(first.images.data.length + second.images.data.length);
  data.set(first.images.data);
  data.set(second.images.data, first.images.data.length);
  const replies = new Float32Array(first.replies.data.length + second.replies.data.length);
  replies.set(first.replies.data);
  replies.set(second.replies.data, first.replies.data.length);
  const count = first.images.count + second.images.count;
  return {
    images: {
      ...first.images,
      data,
      count,
      hashes: [...first.images.hashes, ...second.images.hashes],
    },
    replies: matrix(replies, count, first.replies.columns),
  };
}
