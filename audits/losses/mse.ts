import { tf } from '../tensor/ops.ts';
import type { Scalar } from '../tensor/ops.ts';
import type { LossDefinition } from './loss.ts';
import { meanOverViews } from './views.ts';

/**
 * Mean squared error over batch and dimensions, without normalisation: `sum_ij (A_ij - V_ij)^2 / (B D)`.
 * The paper's best loss at few queries (section 4.2, "quadratic").
 */
export const mse: LossDefinition = {
  id: 'mse',
  summary: 'Mean squared error between the embeddings, scale included.',
  views: [1, 2],
  defaults: { batchSize: 64, optimizer: 'adam', learningRate: 1e-3, weightDecay: 1e-4 },
  // A common factor of all dimensions multiplies the loss by a constant; an offset is absorbed by the head's bias.
  affineEquivariant: true,
  meanOverRows: true,
  compute: (surrogateViews, victimViews) =>
    meanOverViews(surrogateViews, victimViews, (surrogate, victim): Scalar =>
      tf.mean(tf.square(tf.sub(surrogate, victim))),
    ),
};
