import { tf } from '../tensor/ops.ts';
import type { Scalar } from '../tensor/ops.ts';
import type { LossDefinition } from './loss.ts';
import { meanOverViews } from './views.ts';

/** A row in which nothing was revealed costs nothing, instead of dividing by zero. */
const FEWEST_REVEALED = 1;

/**
 * Mean squared error over the coordinates that a reply reveals, those which are not exactly zero:
 * `1/B sum_i (sum_j m_ij (A_ij - V_ij)^2 / sum_j m_ij)` with `m_ij = [V_ij != 0]`. For services that answer with the largest
 * coordinates only (`top-k`): a withheld coordinate is unknown, not zero.
 */
export const maskedMse: LossDefinition = {
  id: 'masked-mse',
  summary: 'Mean squared error over the non-zero coordinates of the replies.',
  views: [1, 2],
  defaults: { batchSize: 64, optimizer: 'adam', learningRate: 1e-3, weightDecay: 1e-4 },
  // Rescaled targets would hide the zeros that mark what is withheld.
  affineEquivariant: false,
  meanOverRows: true,
  compute: (surrogateViews, victimViews) =>
    meanOverViews(surrogateViews, victimViews, (surrogate, victim): Scalar => {
      const revealed = tf.sub(1, tf.cast(tf.equal(victim, 0), 'float32')); // [batch, dimension]
      const squares = tf.sum(tf.mul(revealed, tf.square(tf.sub(surrogate, victim))), 1); // [batch]
      return tf.mean(tf.div(squares, tf.maximum(tf.sum(revealed, 1), FEWEST_REVEALED)));
    }),
};
