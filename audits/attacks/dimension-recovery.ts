import { z } from 'zod';
import { type Matrix, matrix, selectImages } from '../contract/data.ts';
import type { AttackContext } from '../contract/method.ts';
import { fitPrincipalAxes, projectOnAxes } from '../tensor/linear-algebra/principal-axes.ts';
import { fitRidge } from '../tensor/linear-algebra/ridge.ts';
import { affordableImages, collectReplies } from './collect-replies.ts';
import { defineAttack, throwIfCancelled } from './define-attack.ts';
import { embedFrozen, randomFeatures } from './frozen-features.ts';
import { readStructure, type ReplyStructure } from './reply-structure.ts';

/**
 * Reconnaissance (Carlini et al., ICML 2024): before anything is trained, the singular values of the replies tell how wide
 * the encoder behind them is, whether coordinates were padded, repeated, rounded, cut or mixed. The findings are figures of
 * the cell; the surrogate is what they buy at once: a ridge regression from random features to the replies within the
 * recovered directions, in closed form.
 *
 * Threat model: black box, unlabelled images; one query per image. Replies to more images than the encoder is wide
 * are needed for its width to show.
 */
const config = z.object({
  /** Directions that the surrogate answers in: those above rounding, or those above a noise that fills all of them. */
  directions: z.enum(['above-rounding', 'above-noise']).default('above-rounding'),
});

/** Share of the attack's time, for progress only. */
const QUERY_SHARE = 0.3;
const STRUCTURE_SHARE = 0.5;
const FEATURE_SHARE = 0.8;

export const dimensionRecovery = defineAttack({
  meta: {
    id: 'dimension-recovery',
    version: 1,
    title: 'Dimension recovery',
    summary: 'Reads width, padding, rounding and transforms from the replies’ singular values.',
    reference: {
      authors: 'N. Carlini, D. Paleka, K. Dvijotham, T. Steinke, J. Hayase et al.',
      title: 'Stealing Part of a Production Language Model',
      venue: 'ICML',
      year: 2024,
      url: 'https://arxiv.org/abs/2403.06634',
    },
    knowledge: 'Unlabelled images and the replies to them.',
    requires: [],
    training: 'closed-form',
  },
  config,
  async run(context, { directions }) {
    const { engine, oracle, signal } = context;
    const sent = affordableImages(context);
    const { indices, replies } = await collectReplies(context, sent, (fraction) =>
      context.progress(fraction * QUERY_SHARE, 'querying'),
    );
    const images = indices.length === sent.count ? sent : selectImages(sent, indices);
    context.progress(QUERY_SHARE, 'reading the replies');
    const structure = await readStructure(engine, replies);
    throwIfCancelled(signal);
    const rank = directions === 'above-noise' ? structure.rankAboveNoise : structure.rank;
    const within = await keepDirections(context, replies, rank);
    const features = await randomFeatures(context);
    const embedded = await embedFrozen(context, features, images, 'dimension-recovery', (fraction) =>
      context.progress(STRUCTURE_SHARE + (FEATURE_SHARE - STRUCTURE_SHARE) * fraction, 'computing features'),
    );
    throwIfCancelled(signal);
    const { weights, bias, lambda, looError } = await fitRidge(engine, embedded, within);
    return {
      surrogate: { kind: 'linear-on-features', features, weights, bias },
      diagnostics: {
        ...findings(structure, oracle.dimension),
        lambda,
        leaveOneOutError: looError,
        images: images.count,
      },
    };
  },
});

/** Replies without what lies outside their first principal axes. */
async function keepDirections(
  { engine }: Pick<AttackContext, 'engine'>,
  replies: Matrix,
  rank: number,
): Promise<Matrix> {
  if (rank === 0 || rank >= replies.columns) return replies;
  const axes = await fitPrincipalAxes(engine, replies, rank);
  const back = await engine.matmul(await projectOnAxes(engine, axes, replies), axes.axes);
  const { mean } = axes;
  return matrix(
    back.data.map((value, at) => value + (mean[at % back.columns] ?? 0)),
    back.rows,
    back.columns,
  );
}

/** The structure as figures; yes is 1 and no is 0. */
function findings(structure: ReplyStructure, dimension: number): Readonly<Record<string, number>> {
  return {
    replyDimension: dimension,
    recoveredDimension: structure.rank,
    recoveredShare: structure.rank / dimension,
    spectralGap: structure.gap,
    dimensionAboveNoise: structure.rankAboveNoise,
    gapAboveNoise: structure.gapAboveNoise,
    isDimensionKnown: Number(structure.isRankKnown),
    constantCoordinates: structure.constant,
    duplicatedCoordinates: structure.duplicated,
    roundingStep: structure.step,
    spectralFloor: structure.floor,
    isBinary: Number(structure.isBinary),
    lengthSpread: structure.lengthSpread,
    atomShare: structure.atomShare,
    meanCorrelation: structure.correlation,
  };
}
