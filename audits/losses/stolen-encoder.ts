import { tf } from '../tensor/ops.ts';
import type { Scalar, Tensor1D, Tensor2D } from '../tensor/ops.ts';
import type { LossDefinition } from './loss.ts';
import { normalizeRows, viewAt } from './views.ts';

export const distanceIds = ['l2', 'cosine', 'l1'] as const;
export type DistanceId = (typeof distanceIds)[number];

/** Keeps the slope of a square root finite where two rows are the same; far below any distance that matters. */
const SMALLEST_SQUARED_DISTANCE = 1e-12;

/** Between rows of length 1: `[batch]`. `cosine` is shifted so that a perfect copy scores 0. */
const distances: Readonly<Record<DistanceId, (left: Tensor2D, right: Tensor2D) => Tensor1D>> = {
  l2: (left, right) => tf.sqrt(tf.add(tf.sum(tf.square(tf.sub(left, right)), 1), SMALLEST_SQUARED_DISTANCE)),
  cosine: (left, right) => tf.sub(1, tf.sum(tf.mul(left, right), 1)),
  l1: (left, right) => tf.sum(tf.abs(tf.sub(left, right)), 1),
};

export interface StolenEncoderOptions {
  readonly distance: DistanceId;
  /** Weight of the copies together. */
  readonly lambda: number;
  /** Augmented copies of each image, k of the paper. */
  readonly copies: number;
}

/**
 * One reply for several views of the surrogate (Liu et al., CCS 2022, section 4.2):
 * `d(g(x), f(x)) + lambda / k * sum_j d(g(augment_j(x)), f(x))`, every vector of length 1, mean over the batch.
 * View 0 is the image as it was sent, the others are its copies; the replies of all views are those to view 0.
 */
export function stolenEncoderLoss({ distance, lambda, copies }: StolenEncoderOptions): LossDefinition {
  const distanceOf = distances[distance];
  return {
    id: 'stolen-encoder',
    summary: 'Distance to the reply of an image and, weighted, of augmented copies of it.',
    views: [1 + copies],
    // The code sums over its batch of 64 at a rate of 1e-3; of a mean, that is 64 times the rate.
    defaults: { batchSize: 64, optimizer: 'sgd-momentum', learningRate: 64 * 1e-3, weightDecay: 5e-4 },
    // Normalised rows: an offset would move every target's direction.
    affineEquivariant: false,
    meanOverRows: true,
    compute(surrogateViews, victimViews) {
      const reply = normalizeRows(viewAt(victimViews, 0));
      const [image, ...augmented] = surrogateViews.map((view): Scalar =>
        tf.mean(distanceOf(normalizeRows(view), reply)),
      );
      if (image === undefined) throw new RangeError('a loss of no views');
      return augmented.reduce(
        (sum, copy): Scalar => tf.add(sum, tf.mul(copy, lambda / augmented.length)),
        image,
      );
    },
  };
}
