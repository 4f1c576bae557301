import { tf } from '../tensor/ops.ts';
import type { Scalar, Tensor2D } from '../tensor/ops.ts';
import type { LossDefinition } from './loss.ts';

/** The paper's value for 512 dimensions; unnormalised distances make it a scale to tune. */
const DEFAULT_TEMPERATURE = 100;

/** Added to a logarithm to leave a row out: far below any other, and finite. */
const EXCLUDED = -1e9;

/**
 * Soft nearest neighbors with the image as the class (specification 3.4; Frosst et al., ICML 2019): of the weight
 * `exp(-|X_r - X_c|^2 / T)` which a row gives to the others, the share that goes to the same image's rows.
 */
export const softnn: LossDefinition = {
  id: 'softnn',
  version: 2,
  summary: 'Soft nearest neighbors on unnormalised distances, each image its own class.',
  views: [1, 2],
  defaults: { batchSize: 256, optimizer: 'adam', learningRate: 1e-3, weightDecay: 1e-4 },
  options: { temperature: DEFAULT_TEMPERATURE },
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
    const logits: Tensor2D = tf.div(distances, -temperature);
    const images: Tensor2D = tf.tile(tf.eye(batch), [blocks.length, blocks.length]); // 1 for the same image
    const withoutSelf: Tensor2D = tf.add(logits, tf.mul(tf.eye(count), EXCLUDED));
    const sameImage: Tensor2D = tf.add(withoutSelf, tf.mul(tf.sub(1, images), EXCLUDED));
    // In logarithms: a surrogate's first answers lie far from everything, its weights would all be 0 and their share 0 / 0. The
    // paper's code computes in float64 and adds 1e-9 to the share, under which such a row has no gradient; here it keeps one.
    const loss: Scalar = tf.mean(tf.sub(tf.logSumExp(withoutSelf, 1), tf.logSumExp(sameImage, 1)));
    return loss;
  },
};
