import { openAugmentation } from '../augment/registry.ts';
import { normedLayer } from '../losses/siamese-head.ts';
import type { Rng } from '../rng.ts';
import { filled, normals, tensorNamed, type NamedArrays } from '../surrogates/parameters.ts';
import { tf } from '../tensor/ops.ts';
import type { Scalar, Tensor2D } from '../tensor/ops.ts';
import { splitViews, type TrainingMethod } from './training-method.ts';

/** Width of the expander's three layers: 8192 in the paper, for ImageNet; its covariance alone would outweigh a small network. */
const EXPANDED = 512;
/** Weights of the three terms, the paper's. */
const INVARIANCE = 25;
const VARIANCE = 25;
const COVARIANCE = 1;
/** Deviation below which a dimension is pushed apart, and the guard of its root. */
const TARGET_DEVIATION = 1;
const VARIANCE_EPSILON = 1e-4;

/**
 * VICReg (Bardes, Ponce and LeCun, ICLR 2022, arXiv:2105.04906): views behind an expander must be near each other
 * (invariance), every dimension must vary over the batch (variance), and no two may vary together (covariance).
 */
export const vicreg: TrainingMethod = {
  id: 'vicreg',
  title: 'VICReg',
  summary: 'Without labels or negatives: views near each other, dimensions that vary, and not together.',
  source: 'Bardes, Ponce, LeCun: VICReg, ICLR 2022',
  views: 2,
  needsClasses: false,
  augmentation: openAugmentation('simclr'),
  // The paper's LARS is for batches of thousands; a small network and batch learn sooner with Adam.
  defaults: { batchSize: 128, optimizer: 'adam', learningRate: 1e-3 / 3, weightDecay: 1e-6 },
  head: (rng, dimension) => expander(rng, dimension),
  loss({ embedding, batchSize, head }) {
    const [first, second] = splitViews(embedding, batchSize).map((view): Tensor2D => {
      const hidden = normedLayer(normedLayer(view, head, 'expander1'), head, 'expander2');
      return tf.matMul(hidden, tensorNamed(head, 'expander3/kernel'));
    }) as [Tensor2D, Tensor2D];
    const terms = vicregTerms(first, second);
    return tf.add(
      tf.add(tf.mul(terms.invariance, INVARIANCE), tf.mul(terms.variance, VARIANCE)),
      tf.mul(terms.covariance, COVARIANCE),
    );
  },
};

export interface VicregTerms {
  /** Mean squared difference of the views' entries. */
  readonly invariance: Scalar;
  /** Mean over views and dimensions of what the deviation lacks to 1. */
  readonly variance: Scalar;
  /** Squared covariances of two dimensions, summed over pairs and views, per dimension. */
  readonly covariance: Scalar;
}

/**
 * The three terms for views `[batch, dimension]`, each scaled as in the authors' code, for which the weights were found: the
 * invariance is a mean over entries and the variance a mean over views, where the paper's formulas have
 * sums. Variance and covariance divide by `batch - 1`.
 */
export function vicregTerms(first: Tensor2D, second: Tensor2D): VicregTerms {
  const [a, b] = [centerColumns(first), centerColumns(second)];
  return {
    invariance: tf.mean(tf.square(tf.sub(first, second))),
    variance: tf.div(tf.add(missingDeviation(a), missingDeviation(b)), 2),
    covariance: tf.add(squaredCovariances(a), squaredCovariances(b)),
  };
}

function centerColumns(rows: Tensor2D): Tensor2D {
  return tf.sub(rows, tf.mean(rows, 0, true));
}

function missingDeviation(centered: Tensor2D): Scalar {
  const variance = tf.div(tf.sum(tf.square(centered), 0), centered.shape[0] - 1); // [dimension]
  const deviation = tf.sqrt(tf.add(variance, VARIANCE_EPSILON));
  return tf.mean(tf.relu(tf.sub(TARGET_DEVIATION, deviation)));
}

function squaredCovariances(centered: Tensor2D): Scalar {
  const [rows, dimension] = centered.shape;
  const covariance: Tensor2D = tf.div(tf.matMul(centered, centered, true), rows - 1); // [dimension, dimension]
  const offDiagonal = tf.mul(covariance, tf.sub(1, tf.eye(dimension)));
  return tf.div(tf.sum(tf.square(offDiagonal)), dimension);
}

/** Linear, batch norm, ReLU twice, then linear; a bias would be taken out again by a batch norm, or by the terms' centering. */
function expander(rng: Rng, dimension: number): NamedArrays {
  const layer = (name: string, inputs: number): NamedArrays => ({
    [`${name}/kernel`]: normals(rng.derive(name), [inputs, EXPANDED], Math.sqrt(2 / inputs)),
  });
  const norm = (name: string): NamedArrays => ({
    [`${name}/scale`]: filled([EXPANDED], 1),
    [`${name}/offset`]: filled([EXPANDED], 0),
  });
  return {
    ...layer('expander1', dimension),
    ...norm('expander1'),
    ...layer('expander2', EXPANDED),
    ...norm('expander2'),
    ...layer('expander3', EXPANDED),
  };
}
