import { simclrViews } from '../augment/simclr-views.ts';
import { type Images, imageBytes, matrix, sliceImages } from '../contract/data.ts';
import type { AttackContext, AttackOutcome } from '../contract/method.ts';
import { infonce } from '../losses/infonce.ts';
import type { LossDefinition } from '../losses/loss.ts';
import { viewAt } from '../losses/views.ts';
import { fitSurrogate } from '../surrogates/fit.ts';
import { throwIfCancelled } from './define-attack.ts';

/** Images the attacker trains on without labels: as many as the largest budget of the default policy pays for. */
export const OWN_SSL_IMAGES = 5000;

/**
 * View pairs drawn per image. Views are drawn before training, so one pair would be learned by heart; the epochs are
 * cut in proportion, and the number of steps stays that of an extraction from as many images.
 */
const PAIRS_PER_IMAGE = 4;

/** SimCLR's NT-Xent between two views of the attacker's own encoder; there is no victim to compare with. */
const simclr: LossDefinition = {
  ...infonce,
  id: 'simclr',
  summary: 'Contrastive between two views of one image under the attacker’s own encoder.',
  views: [2],
  compute: (ownViews, _noReplies, options) =>
    infonce.compute([viewAt(ownViews, 0)], [viewAt(ownViews, 1)], options),
};

/**
 * The attacker's own self-supervised encoder on its pool (SimCLR without a projection head), zero queries: what the
 * pool alone is worth, with the architecture and about the number of steps which an extraction gets.
 * @throws MoatError `cancelled`, `training-diverged`, `dataset-too-small`
 */
export async function trainOwnEncoder(context: AttackContext): Promise<AttackOutcome> {
  const { pool, rng, surrogate: settings, oracle } = context;
  const images = sliceImages(pool, 0, Math.min(pool.count, OWN_SSL_IMAGES));
  const rows = images.count * PAIRS_PER_IMAGE;
  const noReplies = matrix(new Float32Array(rows * oracle.dimension), rows, oracle.dimension);
  const { surrogate, diagnostics } = await fitSurrogate({
    engine: context.engine,
    settings: { ...settings, epochs: Math.ceil(settings.epochs / PAIRS_PER_IMAGE) },
    dimension: oracle.dimension,
    inputs: ['first', 'second'].map((name) => drawViews(context, images, name)),
    targets: [noReplies, noReplies],
    loss: simclr,
    lossOptions: {},
    rng: rng.derive('own-ssl'),
    checkpoint: context.checkpoint,
    signal: context.signal,
    progress: (fraction, stage) => context.progress(fraction, stage),
    log: (message) => context.log(message),
  });
  return { surrogate, diagnostics: { ...diagnostics, images: images.count } };
}

/** One view of every image for each pair, `PAIRS_PER_IMAGE * images.count` in all, at the surrogate's input size. */
function drawViews({ rng, signal, surrogate }: AttackContext, images: Images, name: string): Images {
  const parts = Array.from({ length: PAIRS_PER_IMAGE }, (_, pair) => {
    throwIfCancelled(signal);
    return simclrViews(images, surrogate.inputSize, rng.derive(`own-ssl/${name}/${pair}`));
  });
  const size = imageBytes({ height: surrogate.inputSize, width: surrogate.inputSize });
  const data = new Uint8Array(images.count * PAIRS_PER_IMAGE * size);
  parts.forEach((part, pair) => data.set(part.data, pair * images.count * size));
  return {
    data,
    count: images.count * PAIRS_PER_IMAGE,
    height: surrogate.inputSize,
    width: surrogate.inputSize,
    hashes: parts.flatMap(({ hashes }) => hashes),
  };
}
