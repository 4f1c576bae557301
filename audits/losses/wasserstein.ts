import { tf } from '../tensor/ops.ts';
import type { Scalar, Tensor2D } from '../tensor/ops.ts';
import type { LossDefinition } from './loss.ts';
import { meanOverViews } from './views.ts';

/** As in the paper's code: a row of zeros stays a row of zeros. */
const EPSILON = 1e-14;

/**
 * One-dimensional Wasserstein distance along the feature axis (specification 3.2): each row, divided by its sum, is
 * read as a distribution over the coordinates; the distance of two is the L1 distance of their cumulative sums.
 * Needs features that are not negative, and depends on the order of the coordinates: a weak loss, kept for the table.
 */
export const wasserstein: LossDefinition = {
  id: 'wasserstein',
  summary: 'Wasserstein distance of the embeddings read as distributions over their coordinates.',
  views: [1, 2],
  defaults: { batchSize: 64, optimizer: 'adam', learningRate: 1e-3, weightDecay: 1e-4 },
  affineEquivariant: false,
  meanOverRows: true,
  compute: (surrogateViews, victimViews) =>
    meanOverViews(surrogateViews, victimViews, (surrogate, victim): Scalar => {
      const difference = tf.sub(asDistributions(surrogate), asDistributions(victim));
      const dimension = surrogate.shape[1];
      // The cumulative sum as a product with a triangle of ones: differentiable everywhere with one kernel.
      const cumulative = tf.matMul(difference, lowerTriangle(dimension), false, true); // [batch, dimension]
      return tf.mean(tf.sum(tf.abs(cumulative), 1));
    }),
};

/** What a linear head or a defense makes negative counts as 0: a sum that cancels would make the division explode. */
function asDistributions(rows: Tensor2D): Tensor2D {
  const weights = tf.relu(rows);
  return tf.div(weights, tf.add(tf.sum(weights, 1, true), EPSILON));
}

/** `[size, size]`, 1 where the column is not beyond the row. */
function lowerTriangle(size: number): Tensor2D {
  const values = new Float32Array(size * size);
  for (let row = 0; row < size; row++) values.fill(1, row * size, row * size + row + 1);
  return tf.tensor2d(values, [size, size]);
}
