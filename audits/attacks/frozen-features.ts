import { type Images, type Matrix, matrix, sliceImages } from '../contract/data.ts';
import { MoatError } from '../contract/errors.ts';
import type { AttackContext, SurrogateModel } from '../contract/method.ts';
import { HEAD_BIAS, HEAD_KERNEL } from '../surrogates/architecture.ts';
import { openSurrogate } from '../surrogates/open.ts';
import { calibrateStatistics, randomNetwork } from '../surrogates/random-network.ts';
import { missingBackbone, throwIfCancelled } from './define-attack.ts';

/** What closed-form attacks fit a linear map on: a random network or the attacker's public encoder. */
export type FrozenFeatures = Extract<SurrogateModel, { kind: 'network' | 'backbone' }>;

/** The random network. Fixed rather than the audit's surrogate: the attack is to stay cheap whatever is trained beside it. */
const RANDOM_ARCHITECTURE = 'small-cnn';
/** Activations behind its average pooling; more outputs of a linear head would add no rank. */
const RANDOM_FEATURES = 256;
/** Images that settle the running statistics of a random network; more change nothing measurable. */
const CALIBRATION_IMAGES = 512;
const IMAGES_PER_CALL = 512;

/** A random network that answers with its pooled activations `[images, RANDOM_FEATURES]`, calibrated on the pool. */
export async function randomFeatures(
  context: Pick<AttackContext, 'engine' | 'pool' | 'surrogate' | 'rng'>,
): Promise<Extract<SurrogateModel, { kind: 'network' }>> {
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

/**
 * Features of images, `[images.count, features]`.
 * @param report told the share of images embedded
 * @throws MoatError `cancelled`; `not-applicable` for a backbone that the audit does not name
 */
export async function embedFrozen(
  { engine, backbone, signal }: Pick<AttackContext, 'engine' | 'backbone' | 'signal'>,
  model: FrozenFeatures,
  images: Images,
  asker: string,
  report: (fraction: number) => void,
): Promise<Matrix> {
  if (model.kind === 'backbone' && backbone === undefined)
    throw new MoatError('not-applicable', missingBackbone(asker));
  const opened = await openSurrogate(engine, model, backbone);
  try {
    const data = new Float32Array(images.count * opened.dimension);
    for (let start = 0; start < images.count; start += IMAGES_PER_CALL) {
      throwIfCancelled(signal);
      const end = Math.min(start + IMAGES_PER_CALL, images.count);
      const part = await opened.embed(sliceImages(images, start, end));
      data.set(part.data, start * opened.dimension);
      report(end / images.count);
    }
    return matrix(data, images.count, opened.dimension);
  } finally {
    await opened.dispose();
  }
}
