import { tf } from '../tensor/ops.ts';
import type { Scalar } from '../tensor/ops.ts';
import type { LossDefinition } from './loss.ts';
import { meanOverViews, normalizeRows } from './views.ts';

/**
 * One minus the mean cosine similarity of the rows: half the squared distance between normalised embeddings.
 * The one-sided form of the negative cosine of SimSiam (Chen and He, CVPR 2021, equation 1), shifted so that a
 * perfect copy scores 0.
 */
export const cosine: LossDefinition = {
  id: 'cosine',
  summary: 'One minus the cosine similarity of the embeddings; blind to their scale.',
  views: [1, 2],
  defaults: { batchSize: 64, optimizer: 'adam', learningRate: 1e-3, weightDecay: 1e-4 },
  // A factor changes nothing, but an offset turns every target's direction: targets stay as they were answered.
  affineEquivariant: false,
  meanOverRows: true,
  compute: (surrogateViews, victimViews) =>
    meanOverViews(surrogateViews, victimViews, (surrogate, victim): Scalar => {
      const similarity = tf.sum(tf.mul(normalizeRows(surrogate), normalizeRows(victim)), 1); // [batch]
      return tf.sub(1, tf.mean(similarity));
    }),
};
