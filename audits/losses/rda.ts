import { tf } from '../tensor/ops.ts';
import type { Scalar, Tensor1D, Tensor2D } from '../tensor/ops.ts';
import type { LossDefinition } from './loss.ts';
import { normalizeRows, viewAt } from './views.ts';

export interface RdaOptions {
  /** Views of the surrogate per image, v of the paper. */
  readonly views: number;
  /** Divides similarities before the softmax. */
  readonly temperature: number;
  /** Weight of discriminating. */
  readonly alpha: number;
  /** Weight of aligning. */
  readonly beta: number;
}

/** Takes a row's similarity with itself out of the softmax: its exponential is 0 in float32. */
const SELF_SIMILARITY = -1e9;

/** Keeps both logarithms finite: a perfect copy would lose minus infinity, an opposite one plus infinity. */
const SMALLEST_LOGARITHM_ARGUMENT = 1e-6;

/**
 * Discriminate and align (Wu et al., ECCV 2024, section 3.3) between a view's vectors `x`, of length 1, and the
 * prototypes `p`, taken as they are; mean over batch and views:
 * - `alpha * (log (sum_{j != i} e^{x_i . p_j / T} + sum_{j != i} e^{x_i . x_j / T}) - x_i . p_i / T)`;
 * - `beta * (log ||x_i - p_i||^2 - log (cos(x_i, p_i) + 1))`.
 * All views have the prototypes of view 0.
 */
export function rdaLoss({ views, temperature, alpha, beta }: RdaOptions): LossDefinition {
  return {
    id: 'rda',
    summary: 'Discriminates prototypes in the batch, aligns length and angle.',
    views: [views],
    defaults: { batchSize: 100, optimizer: 'adam', learningRate: 1e-3, weightDecay: 1e-4 },
    // Angles are compared, which an offset would turn.
    affineEquivariant: false,
    // The other rows of the batch are in the denominator.
    meanOverRows: false,
    compute(surrogateViews, victimViews) {
      const prototypes = viewAt(victimViews, 0);
      const losses = surrogateViews.map((view): Scalar => {
        const vectors = normalizeRows(view);
        const apart = tf.mul(discriminate(vectors, prototypes, temperature), alpha);
        return tf.add(apart, tf.mul(align(vectors, prototypes), beta));
      });
      return tf.div(
        losses.reduce((left, right) => tf.add(left, right)),
        losses.length,
      );
    },
  };
}

function discriminate(vectors: Tensor2D, prototypes: Tensor2D, temperature: number): Scalar {
  const self = tf.mul(tf.eye(vectors.shape[0]), SELF_SIMILARITY);
  const toOthers = (others: Tensor2D): Tensor2D =>
    tf.add(tf.div(tf.matMul(vectors, others, false, true), temperature), self);
  const negatives: Tensor2D = tf.concat([toOthers(prototypes), toOthers(vectors)], 1); // [batch, 2 * batch]
  const positives: Tensor1D = tf.div(tf.sum(tf.mul(vectors, prototypes), 1), temperature);
  return tf.mean(tf.sub(tf.logSumExp(negatives, 1), positives));
}

function align(vectors: Tensor2D, prototypes: Tensor2D): Scalar {
  const logarithm = (values: Tensor1D): Tensor1D => tf.log(tf.add(values, SMALLEST_LOGARITHM_ARGUMENT));
  const squaredDistance: Tensor1D = tf.sum(tf.square(tf.sub(vectors, prototypes)), 1);
  const cosine: Tensor1D = tf.sum(tf.mul(vectors, normalizeRows(prototypes)), 1);
  return tf.mean(tf.sub(logarithm(squaredDistance), logarithm(tf.relu(tf.add(cosine, 1)))));
}
