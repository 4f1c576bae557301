import { z } from 'zod';
import { selectImages } from '../contract/data.ts';
import { behindHead } from '../losses/behind-head.ts';
import { findLoss } from '../losses/registry.ts';
import { fitSurrogate } from '../surrogates/fit.ts';
import { affordableImages, collectReplies } from './collect-replies.ts';
import { defineAttack } from './define-attack.ts';

/**
 * Extraction from a service that answers with the output of its projection head (Dziedzic et al. 2022, section 4.3, row
 * "Access Head" of Table 1): a surrogate with a head of its own, dimension-512-projection, learns by InfoNCE to answer as
 * the victim's head does; then the head is thrown away.
 *
 * Threat model: black box that returns projections `z = g(f(x))`, unlabelled images. The embedding is never seen, so the
 * surrogate's is as long as its own features.
 */
const config = z.object({
  /** Divides the similarities; default: the paper's 0.07. */
  temperature: z.number().positive().default(0.07),
});

/** Share of the attack's time, for progress only: replies mostly come from a cache. */
const QUERY_SHARE = 0.05;

export const accessHead = defineAttack({
  meta: {
    id: 'access-head',
    version: 1,
    title: 'Access head',
    summary:
      'Trains surrogate and head against a service that answers with projections; keeps the surrogate.',
    reference: {
      authors: 'A. Dziedzic, N. Dhawan, M. A. Kaleem, J. Guan, N. Papernot',
      title: 'On the Difficulty of Defending Self-Supervised Learning against Model Extraction',
      venue: 'ICML',
      year: 2022,
      url: 'https://arxiv.org/abs/2205.07890',
    },
    knowledge: 'Unlabelled images and the victim’s projections of them.',
    requires: [],
    training: 'network',
    asks: 'projection',
  },
  config,
  notApplicable: (_config, { hasProjection }) =>
    hasProjection
      ? undefined
      : 'access-head asks for the output of the victim’s projection head, and this audit names none (--projection).',
  trainedImages: (_config, { budget, surrogate }) => budget * surrogate.epochs,
  async run(context, { temperature }) {
    const asked = affordableImages(context);
    const { indices, replies } = await collectReplies(context, asked, (fraction) =>
      context.progress(fraction * QUERY_SHARE, 'querying'),
    );
    const { surrogate, diagnostics } = await fitSurrogate({
      engine: context.engine,
      settings: context.surrogate,
      dimension: context.oracle.dimension,
      isHeadless: true,
      inputs: [indices.length === asked.count ? asked : selectImages(asked, indices)],
      targets: [replies],
      loss: behindHead(findLoss('infonce')),
      lossOptions: { temperature },
      rng: context.rng.derive('surrogate'),
      checkpoint: context.checkpoint,
      signal: context.signal,
      progress: (fraction, stage) => context.progress(QUERY_SHARE + (1 - QUERY_SHARE) * fraction, stage),
      log: (message) => context.log(message),
    });
    return { surrogate, diagnostics: { ...diagnostics, images: indices.length } };
  },
});
