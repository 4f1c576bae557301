import { z } from 'zod';
import type { AttackContext, AttackOutcome, SurrogateModel } from '../contract/method.ts';
import { sliceImages } from '../contract/data.ts';
import { calibrateStatistics, randomNetwork } from '../surrogates/random-network.ts';
import { OWN_SSL_IMAGES, trainOwnSsl } from '../training/own-ssl.ts';
import { defineAttack, missingBackbone } from './define-attack.ts';

/**
 * The control: what an attacker has without asking the victim anything (landscape A0). Whatever an attack reaches is
 * worth only what it adds to this (stolen gain).
 * - `random`: the surrogate's own architecture, freshly initialised, its batch norms calibrated on the pool;
 * - `backbone`: the public encoder the attacker holds, as it is;
 * - `own-ssl`: the surrogate's architecture trained on the pool by the attacker's own SimCLR.
 */
const config = z.object({
  variant: z.enum(['random', 'backbone', 'own-ssl']).default('random'),
});

/** Images that settle the running statistics of a random network; more change nothing measurable. */
const CALIBRATION_IMAGES = 512;

export const noVictim = defineAttack({
  meta: {
    id: 'no-victim',
    version: 2,
    title: 'No victim (control)',
    summary: 'What an attacker has without a single query: a random network, a public encoder, its own SSL.',
    reference: {
      authors: 'A. Shafran, I. Shumailov, M. A. Erdogdu, N. Papernot',
      title: 'Beyond Labeling Oracles: What does it mean to steal ML models?',
      venue: 'arXiv preprint',
      year: 2023,
    },
    knowledge: 'Unlabelled images; for `backbone` a public encoder.',
    requires: [],
    training: 'none',
    control: true,
  },
  config,
  queryAllowance: () => 0,
  notApplicable: ({ variant }, { hasBackbone }) =>
    variant === 'backbone' && !hasBackbone ? missingBackbone('no-victim') : undefined,
  trainedImages: ({ variant }, { poolImages, surrogate }) =>
    variant === 'own-ssl' ? 2 * Math.min(poolImages, OWN_SSL_IMAGES) * surrogate.epochs : 0,
  async run(context, { variant }) {
    if (variant === 'own-ssl') return trainOwnEncoder(context);
    const surrogate: SurrogateModel =
      variant === 'backbone' ? { kind: 'backbone' } : await calibratedRandomNetwork(context);
    return { surrogate, diagnostics: {} };
  },
});

async function calibratedRandomNetwork(context: AttackContext): Promise<SurrogateModel> {
  const { engine, oracle, pool, surrogate, rng } = context;
  const network = randomNetwork(
    surrogate.architecture,
    rng.derive('initialization'),
    oracle.dimension,
    surrogate.inputSize,
  );
  return calibrateStatistics(engine, network, sliceImages(pool, 0, Math.min(pool.count, CALIBRATION_IMAGES)));
}

/** Zero queries, and the architecture, epochs and batches which an extraction gets. */
async function trainOwnEncoder(context: AttackContext): Promise<AttackOutcome> {
  const { engine, oracle, pool, surrogate: settings, rng, checkpoint, signal } = context;
  const { encoder, losses } = await trainOwnSsl({
    ...settings,
    engine,
    images: pool,
    dimension: oracle.dimension,
    rng: rng.derive('own-ssl'),
    checkpoint,
    signal,
    progress: (fraction, stage) => context.progress(fraction, stage),
  });
  return {
    surrogate: encoder,
    diagnostics: {
      firstLoss: losses[0] ?? 0,
      finalLoss: losses.at(-1) ?? 0,
      epochs: losses.length,
      images: Math.min(pool.count, OWN_SSL_IMAGES),
    },
  };
}
