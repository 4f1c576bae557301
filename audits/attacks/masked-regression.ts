import { z } from 'zod';
import { type Images, type Matrix, matrix, selectImages, selectRows } from '../contract/data.ts';
import type { AttackContext, AttackOutcome } from '../contract/method.ts';
import { findLoss } from '../losses/registry.ts';
import { fitSurrogate } from '../surrogates/fit.ts';
import { HEAD_KERNEL } from '../surrogates/architecture.ts';
import { inVictimScale } from '../surrogates/targets.ts';
import { fitRidge } from '../tensor/linear-algebra/ridge.ts';
import { affordableImages, collectReplies } from './collect-replies.ts';
import { defineAttack, missingBackbone, throwIfCancelled } from './define-attack.ts';
import { embedFrozen, type FrozenFeatures, randomFeatures } from './frozen-features.ts';

/**
 * Learns from the revealed coordinates of partial replies only (`top-k` and its like): a coordinate that is exactly zero was
 * withheld, so it says nothing, while a plain regression would learn the zeros.
 * - `trained`: the surrogate of the audit, squared error over the revealed coordinates (`masked-mse`);
 * - `closed-form`: a ridge regression per coordinate on the rows that reveal it, from frozen features.
 *
 * Threat model: black box; the attacker sees the zeros. Coordinates are revealed where they are large, so what is learned
 * of the small ones is extrapolated.
 */
const config = z.object({
  fit: z.enum(['trained', 'closed-form']).default('trained'),
  /** Of `closed-form`: as for `backbone-stitching`. */
  features: z.enum(['random', 'backbone']).default('random'),
});

/** Share of the attack's time, for progress only. */
const QUERY_SHARE = 0.05;
const FEATURE_SHARE = 0.3;
/** A coordinate revealed by fewer rows is answered with the mean of what was seen of it. */
const FEWEST_ROWS = 8;

export const maskedRegression = defineAttack({
  meta: {
    id: 'masked-regression',
    version: 1,
    title: 'Masked regression',
    summary: 'Trains on the revealed (non-zero) coordinates of partial replies only.',
    reference: {
      authors: 'Y. Liu, J. Jia, H. Liu, N. Z. Gong',
      title: 'StolenEncoder: Stealing Pre-trained Encoders in Self-supervised Learning',
      venue: 'ACM CCS',
      year: 2022,
      url: 'https://arxiv.org/abs/2201.05889',
    },
    knowledge: 'Unlabelled images and the replies to them; for `backbone` features a public encoder.',
    requires: [],
    training: 'network',
  },
  config,
  notApplicable: ({ fit, features }, { hasBackbone }) =>
    fit === 'closed-form' && features === 'backbone' && !hasBackbone
      ? missingBackbone('masked-regression')
      : undefined,
  trainedImages: ({ fit }, { budget, surrogate }) => (fit === 'trained' ? budget * surrogate.epochs : 0),
  async run(context, { fit, features }) {
    const sent = affordableImages(context);
    const { indices, replies } = await collectReplies(context, sent, (fraction) =>
      context.progress(fraction * QUERY_SHARE, 'querying'),
    );
    const images = indices.length === sent.count ? sent : selectImages(sent, indices);
    const outcome = await (fit === 'trained'
      ? train(context, images, replies)
      : solve(context, features, images, replies));
    const revealed = replies.data.reduce((count, value) => count + Number(value !== 0), 0);
    return {
      surrogate: outcome.surrogate,
      diagnostics: { ...outcome.diagnostics, images: images.count, revealed: revealed / replies.data.length },
    };
  },
});

async function train(context: AttackContext, images: Images, replies: Matrix): Promise<AttackOutcome> {
  const { engine, oracle, rng, checkpoint, signal } = context;
  const map = measureRevealed(replies);
  const { surrogate, diagnostics } = await fitSurrogate({
    engine,
    settings: context.surrogate,
    dimension: oracle.dimension,
    inputs: [images],
    targets: [standardizeRevealed(replies, map)],
    loss: findLoss('masked-mse'),
    lossOptions: {},
    rng: rng.derive('surrogate'),
    checkpoint,
    signal,
    progress: (fraction, stage) => context.progress(QUERY_SHARE + (1 - QUERY_SHARE) * fraction, stage),
    log: (message) => context.log(message),
  });
  // A network without a linear head stays in standardised coordinates: shifted, and scaled alike in all of them.
  const isHeadless = surrogate.kind === 'network' && surrogate.weights[HEAD_KERNEL] === undefined;
  return { surrogate: isHeadless ? surrogate : inVictimScale(surrogate, map), diagnostics };
}

interface RevealedMap {
  /** `[dimension]`, over the revealed values. */
  readonly mean: Float32Array;
  readonly scale: number;
}

function measureRevealed({ data, columns }: Matrix): RevealedMap {
  const sums = new Float64Array(columns);
  const counts = new Float64Array(columns);
  data.forEach((value, at) => {
    if (value === 0) return;
    sums[at % columns] = (sums[at % columns] ?? 0) + value;
    counts[at % columns] = (counts[at % columns] ?? 0) + 1;
  });
  const mean = Float32Array.from(sums, (sum, column) => sum / Math.max(1, counts[column] ?? 1));
  let [squares, revealed] = [0, 0];
  data.forEach((value, at) => {
    if (value === 0) return;
    squares += (value - (mean[at % columns] ?? 0)) ** 2;
    revealed++;
  });
  return { mean, scale: squares > 0 ? Math.sqrt(squares / revealed) : 1 };
}

/** Withheld coordinates stay exactly zero: that marks them for the loss. */
function standardizeRevealed({ data, rows, columns }: Matrix, { mean, scale }: RevealedMap): Matrix {
  return matrix(
    data.map((value, at) => (value === 0 ? 0 : (value - (mean[at % columns] ?? 0)) / scale)),
    rows,
    columns,
  );
}

async function solve(
  context: AttackContext,
  kind: 'random' | 'backbone',
  images: Images,
  replies: Matrix,
): Promise<AttackOutcome> {
  const features: FrozenFeatures = kind === 'backbone' ? { kind } : await randomFeatures(context);
  const embedded = await embedFrozen(context, features, images, 'masked-regression', (fraction) =>
    context.progress(QUERY_SHARE + (FEATURE_SHARE - QUERY_SHARE) * fraction, 'computing features'),
  );
  const { columns } = replies;
  const { mean } = measureRevealed(replies);
  const weights = new Float32Array(embedded.columns * columns);
  const bias = new Float32Array(columns);
  let unsolved = 0;
  for (let column = 0; column < columns; column++) {
    throwIfCancelled(context.signal);
    const rows = Array.from({ length: replies.rows }, (_, row) => row).filter(
      (row) => replies.data[row * columns + column] !== 0,
    );
    bias[column] = mean[column] ?? 0;
    if (rows.length < FEWEST_ROWS) unsolved++;
    else {
      const values = Float32Array.from(rows, (row) => replies.data[row * columns + column] ?? 0);
      const fit = await fitRidge(context.engine, selectRows(embedded, rows), matrix(values, rows.length, 1));
      fit.weights.data.forEach((value, feature) => (weights[feature * columns + column] = value));
      bias[column] = fit.bias[0] ?? 0;
    }
    context.progress(FEATURE_SHARE + ((1 - FEATURE_SHARE) * (column + 1)) / columns, 'solving');
  }
  return {
    surrogate: {
      kind: 'linear-on-features',
      features,
      weights: matrix(weights, embedded.columns, columns),
      bias,
    },
    diagnostics: { unsolvedCoordinates: unsolved },
  };
}
