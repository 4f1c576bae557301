import { tf } from '../tensor/ops.ts';
import type { Scalar, Tensor2D } from '../tensor/ops.ts';
import type { LossDefinition } from './loss.ts';
import { standardizeColumns } from './views.ts';

/** Weight of the entries off the diagonal; Zbontar et al. found it on ImageNet, the paper's code keeps it. */
const REDUNDANCY_WEIGHT = 0.0051;

/**
 * Barlow Twins between two views of both encoders (specification 3.7; Zbontar et al., ICML 2021): with
 * `P_k = [A(w_k); V(w_k)]`, columns standardised, and `C = P_1^T P_2 / 2B`,
 * `L = sum_i (C_ii - 1)^2 + lambda sum_{i != j} C_ij^2`. Surrogate and victim rows share one matrix, so nothing asks a
 * surrogate's row to be the victim's: the paper's copies stay at 26 % accuracy. Kept for its table.
 */
export const barlow: LossDefinition = {
  id: 'barlow',
  summary: 'Barlow Twins: the two views’ columns must correlate with themselves and with no other.',
  views: [2],
  defaults: { batchSize: 256, optimizer: 'adam', learningRate: 1e-3, weightDecay: 1e-4 },
  // Columns are standardised over rows of both encoders, of which only one would be rescaled.
  affineEquivariant: false,
  meanOverRows: false,
  compute([firstSurrogate, secondSurrogate], [firstVictim, secondVictim]) {
    if (!firstSurrogate || !secondSurrogate || !firstVictim || !secondVictim)
      throw new RangeError('barlow compares two views');
    const first = standardizeColumns(tf.concat([firstSurrogate, firstVictim], 0));
    const second = standardizeColumns(tf.concat([secondSurrogate, secondVictim], 0));
    const [rows, dimension] = first.shape;
    const correlation: Tensor2D = tf.div(tf.matMul(first, second, true), rows); // [dimension, dimension]
    const diagonal = tf.eye(dimension);
    const onDiagonal = tf.sum(tf.square(tf.mul(tf.sub(correlation, 1), diagonal)));
    const offDiagonal = tf.sum(tf.square(tf.mul(correlation, tf.sub(1, diagonal))));
    const loss: Scalar = tf.add(onDiagonal, tf.mul(offDiagonal, REDUNDANCY_WEIGHT));
    return loss;
  },
};
