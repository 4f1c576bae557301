import { z } from 'zod';
import { openAugmentation } from '../augment/registry.ts';
import { selectImages } from '../contract/data.ts';
import { distanceIds, stolenEncoderLoss } from '../losses/stolen-encoder.ts';
import { fitSurrogate } from '../surrogates/fit.ts';
import { affordableImages, collectReplies } from './collect-replies.ts';
import { defineAttack } from './define-attack.ts';

/**
 * StolenEncoder (Liu et al., CCS 2022, Algorithm 1): a good encoder answers an image and its augmentations alike, so one
 * reply teaches the image and, weighted `lambda`, `copies` augmented copies of it that are never sent.
 *
 * Threat model: black box, unlabelled images, no knowledge of the victim's architecture or training. One query per image.
 *
 * Only directions are learned: every vector is scaled to length 1 before it is compared.
 */
const config = z.object({
  /** Between normalised vectors. `l2` is not squared. */
  distance: z.enum(distanceIds).default('l2'),
  /** Weight of the copies together, relative to the image itself: that of the paper's CLIP run. */
  lambda: z.number().min(0).max(1000).default(20),
  /** Augmented copies per image and step, k of the paper: that of its CLIP run. */
  copies: z.int().min(1).max(16).default(1),
});

/** Share of the attack's time, for progress only: replies mostly come from a cache. */
const QUERY_SHARE = 0.05;

export const stolenEncoder = defineAttack({
  meta: {
    id: 'stolen-encoder',
    version: 1,
    title: 'StolenEncoder',
    summary: 'Trains a fresh encoder to give an image and its augmentations the one reply to the image.',
    reference: {
      authors: 'Y. Liu, J. Jia, H. Liu, N. Z. Gong',
      title: 'StolenEncoder: Stealing Pre-trained Encoders in Self-supervised Learning',
      venue: 'CCS',
      year: 2022,
      url: 'https://arxiv.org/abs/2201.05889',
    },
    knowledge: 'Unlabelled images and the replies to them.',
    requires: [],
    training: 'network',
  },
  config,
  trainedImages: ({ copies }, { budget, surrogate }) => budget * (1 + copies) * surrogate.epochs,
  async run(context, settings) {
    const sent = affordableImages(context);
    const { indices, replies } = await collectReplies(context, sent, (fraction) =>
      context.progress(fraction * QUERY_SHARE, 'querying'),
    );
    const images = indices.length === sent.count ? sent : selectImages(sent, indices);
    const views = Array.from({ length: 1 + settings.copies }, (_, view) => view);
    const { surrogate, diagnostics } = await fitSurrogate({
      engine: context.engine,
      settings: context.surrogate,
      dimension: context.oracle.dimension,
      inputs: views.map(() => images),
      targets: views.map(() => replies),
      loss: stolenEncoderLoss(settings),
      lossOptions: {},
      rng: context.rng.derive('surrogate'),
      checkpoint: context.checkpoint,
      signal: context.signal,
      progress: (fraction, stage) => context.progress(QUERY_SHARE + (1 - QUERY_SHARE) * fraction, stage),
      log: (message) => context.log(message),
      augmentation: views.map((view) => openAugmentation(view === 0 ? 'none' : 'stolen-encoder')),
    });
    return { surrogate, diagnostics: { ...diagnostics, images: images.count } };
  },
});
