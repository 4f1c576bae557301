import { z } from 'zod';
import type { AttackContext, AttackOutcome, SurrogateModel } from '../contract/method.ts';
import { sliceImages } from '../contract/data.ts';
import { calibrateStatistics, randomNetwork } from '../surrogates/random-network.ts';
import { trainSimclr } from '../training/simclr.ts';
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

/** Images for the attacker's own training: as many as the largest budget of the default policy would pay for. */
const OWN_SSL_IMAGES = 5000;
/** SimCLR's best temperature on CIFAR-10 with small batches (Chen et al. 2020, B.9). */
const OWN_SSL_TEMPERATURE = 0.5;
/** Adam's usual rate for the small surrogates; the paper's 3e-4 is for its ResNets. */
const OWN_SSL_LEARNING_RATE = 1e-3;

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
  trainedImages: ({ variant }, { surrogate }) =>
    variant === 'own-ssl' ? 2 * OWN_SSL_IMAGES * surrogate.epochs : 0,
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
  const images = sliceImages(pool, 0, Math.min(pool.count, OWN_SSL_IMAGES));
  const { encoder, losses } = await trainSimclr({
    ...settings,
    engine,
    images,
    dimension: oracle.dimension,
    learningRate: OWN_SSL_LEARNING_RATE,
    temperature: OWN_SSL_TEMPERATURE,
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
      images: images.count,
    },
  };
}
