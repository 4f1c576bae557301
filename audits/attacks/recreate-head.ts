import { z } from 'zod';
import { openAugmentation } from '../augment/registry.ts';
import type { Matrix } from '../contract/data.ts';
import type { AttackContext, Checkpoint } from '../contract/method.ts';
import { behindHead } from '../losses/behind-head.ts';
import { findLoss } from '../losses/registry.ts';
import { fitSurrogate } from '../surrogates/fit.ts';
import { affordableImages, collectPaired } from './collect-replies.ts';
import { defineAttack } from './define-attack.ts';
import { drawViews } from './queried-views.ts';
import { applyHead, headMethods, trainHead, type HeadMethod, type HeadRequest } from './recreated-head.ts';
import { openRounds } from './round-checkpoint.ts';

/**
 * Extraction behind a recreated head (Dziedzic et al. 2022, Algorithm 2): encoders trained with a projection head are said to
 * leave what their loss saw to the head. Stage 1 trains a head `g_a` of the attacker's own until it answers alike to the
 * replies to two SimCLR views of an image; stage 2 freezes it and trains surrogate `f_a` and another head `h_a` until
 * `h_a(f_a(w))` matches `g_a(f_v(w))` for both views. Both heads are thrown away.
 *
 * Threat model: black box, unlabelled images, knows that the victim was trained on SimCLR's views. The surrogate's embedding is
 * as long as its own features.
 *
 * The paper draws the views anew in every epoch; here they are drawn and paid for once, two rows per image.
 */
const config = z.object({
  /** How stage 1 trains: `simsiam` is what the published row used; `mse` alone is smallest at a constant. */
  method: z.enum(headMethods).default('simsiam'),
  /** Epochs of stage 1 over the replies; default: twice the surrogate's, as in the paper's code. */
  headEpochs: z.int().min(1).max(100_000).optional(),
  /** What stage 2 compares projections by: those of the paper's code. */
  loss: z.enum(['infonce', 'softnn', 'mse']).default('infonce'),
});

/** The paper's code. */
const HEAD_EPOCHS_PER_EPOCH = 2;

/** Shares of the attack's time at which views, replies and the head are done, for progress only. */
const VIEWS_AT = 0.05;
const REPLIES_AT = 0.1;
const HEAD_AT = 0.3;

/** Beside the head's weights in a checkpoint. */
const LOSSES = 'losses';

export const recreateHead = defineAttack({
  meta: {
    id: 'recreate-head',
    version: 1,
    title: 'Recreate head',
    summary:
      'Trains a projection head on the replies, then surrogate and head against what it makes of them.',
    reference: {
      authors: 'A. Dziedzic, N. Dhawan, M. A. Kaleem, J. Guan, N. Papernot',
      title: 'On the Difficulty of Defending Self-Supervised Learning against Model Extraction',
      venue: 'ICML',
      year: 2022,
      url: 'https://arxiv.org/abs/2205.07890',
    },
    knowledge:
      'Unlabelled images, the replies to two views of each, and the augmentations of the victim’s training.',
    requires: [],
    training: 'network',
  },
  config,
  trainedImages: (_config, { budget, surrogate }) => Math.floor(budget / 2) * 2 * surrogate.epochs,
  madeImages: (_config, { budget }) => Math.floor(budget / 2) * 2,
  async run(context, { method, headEpochs, loss }) {
    const { engine, signal, surrogate: settings } = context;
    const images = affordableImages(context, 2);
    const views = await drawViews(
      context,
      images,
      openAugmentation('simclr'),
      ['first', 'second'],
      (fraction) => context.progress(VIEWS_AT * fraction, 'drawing views'),
    );
    const { inputs, targets } = await collectPaired(context, views, (fraction) =>
      context.progress(VIEWS_AT + (REPLIES_AT - VIEWS_AT) * fraction, 'querying'),
    );
    const rounds = await openRounds(context.checkpoint);
    const head =
      rounds.finished[0] ??
      (await firstStage({
        engine,
        method,
        replies: pairOf(targets),
        epochs: headEpochs ?? HEAD_EPOCHS_PER_EPOCH * settings.epochs,
        batchSize: settings.batchSize,
        rng: context.rng.derive('head'),
        checkpoint: rounds.slot(0, []),
        signal,
        progress: (fraction) =>
          context.progress(REPLIES_AT + (HEAD_AT - REPLIES_AT) * fraction, 'recreating the head'),
      }));
    const projections = await frozenProjections(context, method, head, targets);
    const { surrogate, diagnostics } = await fitSurrogate({
      engine,
      settings,
      dimension: projections[0]?.columns ?? 0,
      isHeadless: true,
      inputs,
      targets: projections,
      loss: behindHead(findLoss(loss)),
      lossOptions: {},
      rng: context.rng.derive('surrogate'),
      checkpoint: rounds.slot(1, [head]),
      signal,
      progress: (fraction, stage) => context.progress(HEAD_AT + (1 - HEAD_AT) * fraction, stage),
      log: (message) => context.log(message),
    });
    const headLosses = head[LOSSES]?.data ?? new Float32Array(0);
    return {
      surrogate,
      diagnostics: {
        ...diagnostics,
        images: inputs[0]?.count ?? 0,
        headEpochs: headLosses.length,
        headFirstLoss: headLosses[0] ?? 0,
        headFinalLoss: headLosses.at(-1) ?? 0,
      },
    };
  },
});

/** The trained head as a checkpoint keeps it: its weights, and the losses it had. */
async function firstStage(request: HeadRequest): Promise<Checkpoint['tensors']> {
  const { weights, losses } = await trainHead(request);
  return { ...weights, [LOSSES]: { shape: [losses.length], data: Float32Array.from(losses) } };
}

function frozenProjections(
  { engine }: AttackContext,
  method: HeadMethod,
  { [LOSSES]: _losses, ...weights }: Checkpoint['tensors'],
  replies: readonly Matrix[],
): Promise<readonly Matrix[]> {
  return applyHead(engine, method, weights, replies);
}

function pairOf([first, second]: readonly Matrix[]): readonly [Matrix, Matrix] {
  if (first === undefined || second === undefined) throw new RangeError('two views have two sets of replies');
  return [first, second];
}
