import { z } from 'zod';
import { selectImages } from '../contract/data.ts';
import { fitRidge } from '../tensor/linear-algebra/ridge.ts';
import { affordableImages, collectReplies } from './collect-replies.ts';
import { defineAttack, missingBackbone, throwIfCancelled } from './define-attack.ts';
import { embedFrozen, type FrozenFeatures, randomFeatures } from './frozen-features.ts';

/**
 * A linear map from frozen features to the victim's replies, in closed form (landscape A2): `g(x) = h(x) W + b` with
 * `W` by ridge regression and its penalty by exact leave-one-out error. No training loop, hence an early warning: a
 * victim that falls to it is a linear map away from what the attacker already holds.
 * - `random`: the pooled activations of a random network, which anybody has;
 * - `backbone`: a public encoder.
 */
const config = z.object({
  features: z.enum(['random', 'backbone']).default('random'),
});

/** Share of the attack's time, for progress only. */
const QUERY_SHARE = 0.3;
const FEATURE_SHARE = 0.8;

export const backboneStitching = defineAttack({
  meta: {
    id: 'backbone-stitching',
    version: 2,
    title: 'Backbone stitching',
    summary: 'Ridge regression from frozen public or random features to the replies; closed form.',
    reference: {
      authors: 'S. Zanella-Béguelin, S. Tople, A. Paverd, B. Köpf',
      title: 'Grey-box Extraction of Natural Language Models',
      venue: 'ICML',
      year: 2021,
      url: 'https://proceedings.mlr.press/v139/zanella-beguelin21a.html',
    },
    knowledge: 'Unlabelled images; for `backbone` a public encoder, kept frozen.',
    requires: [],
    training: 'closed-form',
  },
  config,
  notApplicable: ({ features }, { hasBackbone }) =>
    features === 'backbone' && !hasBackbone ? missingBackbone('backbone-stitching') : undefined,
  async run(context, settings) {
    const sent = affordableImages(context);
    const { indices, replies } = await collectReplies(context, sent, (fraction) =>
      context.progress(fraction * QUERY_SHARE, 'querying'),
    );
    const images = indices.length === sent.count ? sent : selectImages(sent, indices);
    const features: FrozenFeatures =
      settings.features === 'backbone' ? { kind: 'backbone' } : await randomFeatures(context);
    const embedded = await embedFrozen(context, features, images, 'backbone-stitching', (fraction) =>
      context.progress(QUERY_SHARE + (FEATURE_SHARE - QUERY_SHARE) * fraction, 'computing features'),
    );
    throwIfCancelled(context.signal);
    context.progress(FEATURE_SHARE, 'solving');
    const { weights, bias, lambda, looError } = await fitRidge(context.engine, embedded, replies);
    return {
      surrogate: { kind: 'linear-on-features', features, weights, bias },
      diagnostics: { lambda, leaveOneOutError: looError, images: images.count },
    };
  },
});
