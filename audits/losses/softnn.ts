import { tf } from '../tensor/ops.ts';
import type { Scalar, Tensor2D } from '../tensor/ops.ts';
import type { LossDefinition } from './loss.ts';

/** The paper's value for 512 dimensions; unnormalised distances make it a scale to tune. */
const DEFAULT_TEMPERATURE = 100;

/** Keeps the logarithm finite; the value of the paper's code. */
const EPSILON = 1e-9;

/**
 * Soft nearest neighbors with the image as the class (specification 3.4; Frosst et al., ICML 2019): of the weight
 * `exp(-|X_r - X_c|^2 / T)` which a row gives to the others, the share that goes to the same image's rows.
 */
export const softnn: LossDefinition = {
  id: 'softnn',
  summary: 'Soft nearest neighbors on unnormalised distances, each image its own class.',
  views: [1, 2],
  defaults: { batchSize: 256, optimizer: 'adam', learningRate: 1e-3, weightDecay: 1e-4 },
  // Distances ignore an offset, but a factor acts like another temperature.
  affineEquivariant: false,
  // The other rows of the batch are in the denominator.
  meanOverRows: false,
  compute(surrogateViews, victimViews, options) {
    const temperature = options.temperature ?? DEFAULT_TEMPERATURE;
    const blocks = [...surrogateViews, ...victimViews];
    const rows: Tensor2D = tf.concat(blocks, 0);
    const count = rows.shape[0];
    const batch = count / blocks.length;
    const squaredNorm = tf.sum(tf.square(rows), 1, true); // [rows, 1]
    const products = tf.mul(tf.matMul(rows, rows, false, true), 2);
    // Rounding may leave a distance a little below 0.
    const distances = tf.relu(tf.sub(tf.add(squaredNorm, tf.transpose(squaredNorm)), products));
    const others = tf.sub(1, tf.eye(count));
    const weights = tf.mul(tf.exp(tf.div(distances, -temperature)), others);
    const sameImage = tf.mul(weights, tf.tile(tf.eye(batch), [blocks.length, blocks.length]));
    const share = tf.div(tf.sum(sameImage, 1), tf.sum(weights, 1));
    const loss: Scalar = tf.neg(tf.mean(tf.log(tf.add(share, EPSILON))));
    return loss;
  },
};
