import { z } from 'zod';
import { type Images, type Matrix, matrix, selectImages, sliceImages } from '../contract/data.ts';
import { MoatError } from '../contract/errors.ts';
import type { AttackContext, SurrogateModel } from '../contract/method.ts';
import { HEAD_BIAS, HEAD_KERNEL } from '../surrogates/architecture.ts';
import { openSurrogate } from '../surrogates/open.ts';
import { calibrateStatistics, randomNetwork } from '../surrogates/random-network.ts';
import { fitRidge } from '../tensor/linear-algebra/ridge.ts';
import { affordableImages, collectReplies } from './collect-replies.ts';
import { defineAttack, missingBackbone, throwIfCancelled } from './define-attack.ts';

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

/** The random network. Fixed rather than the audit's surrogate: the attack is to stay cheap whatever is trained beside it. */
const RANDOM_ARCHITECTURE = 'small-cnn';
/** Activations behind its average pooling; more outputs of a linear head would add no rank. */
const RANDOM_FEATURES = 256;
/** Images that settle the running statistics of a random network; more change nothing measurable. */
const CALIBRATION_IMAGES = 512;
/** Share of the attack's time, for progress only. */
const QUERY_SHARE = 0.3;
const FEATURE_SHARE = 0.8;
const IMAGES_PER_CALL = 512;

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
    const features: SurrogateModel & { kind: 'network' | 'backbone' } =
      settings.features === 'backbone' ? { kind: 'backbone' } : await randomFeatures(context);
    const embedded = await embedImages(context, features, images);
    throwIfCancelled(context.signal);
    context.progress(FEATURE_SHARE, 'solving');
    const { weights, bias, lambda, looError } = await fitRidge(context.engine, embedded, replies);
    return {
      surrogate: { kind: 'linear-on-features', features, weights, bias },
      diagnostics: { lambda, leaveOneOutError: looError, images: images.count },
    };
  },
});

/** A random network that answers with its pooled activations `[images, RANDOM_FEATURES]`, calibrated on the pool. */
async function randomFeatures(context: AttackContext): Promise<Extract<SurrogateModel, { kind: 'network' }>> {
  const { engine, pool, surrogate, rng } = context;
  const drawn = randomNetwork(
    RANDOM_ARCHITECTURE,
    rng.derive('features'),
    RANDOM_FEATURES,
    surrogate.inputSize,
  );
  const identity = new Float32Array(RANDOM_FEATURES ** 2);
  for (let i = 0; i < RANDOM_FEATURES; i++) identity[i * (RANDOM_FEATURES + 1)] = 1;
  const network = {
    ...drawn,
    weights: {
      ...drawn.weights,
      [HEAD_KERNEL]: { shape: [RANDOM_FEATURES, RANDOM_FEATURES], data: identity },
      [HEAD_BIAS]: { shape: [RANDOM_FEATURES], data: new Float32Array(RANDOM_FEATURES) },
    },
  };
  const sample = sliceImages(pool, 0, Math.min(pool.count, CALIBRATION_IMAGES));
  return calibrateStatistics(engine, network, sample);
}

async function embedImages(context: AttackContext, model: SurrogateModel, images: Images): Promise<Matrix> {
  if (model.kind === 'backbone' && context.backbone === undefined)
    throw new MoatError('not-applicable', missingBackbone('backbone-stitching'));
  const opened = await openSurrogate(context.engine, model, context.backbone);
  try {
    const data = new Float32Array(images.count * opened.dimension);
    for (let start = 0; start < images.count; start += IMAGES_PER_CALL) {
      throwIfCancelled(context.signal);
      const end = Math.min(start + IMAGES_PER_CALL, images.count);
      const part = await opened.embed(sliceImages(images, start, end));
      data.set(part.data, start * opened.dimension);
      context.progress(
        QUERY_SHARE + ((FEATURE_SHARE - QUERY_SHARE) * end) / images.count,
        'computing features',
      );
    }
    return matrix(data, images.count, opened.dimension);
  } finally {
    await opened.dispose();
  }
}
