import { normals, filled, tensorNamed } from '../surrogates/parameters.ts';
import { tf } from '../tensor/ops.ts';
import type { Scalar, Tensor2D } from '../tensor/ops.ts';
import type { LossDefinition } from './loss.ts';
import { meanOverViews } from './views.ts';

/**
 * Cross-entropy with classes instead of embeddings: the replies are rows of class probabilities (one 1 in each for labels),
 * and a linear classifier on the surrogate's features is the head. How the paper's label thief trains (specification
 * 2.6). No choice of the embedding attacks, whose replies are no probabilities.
 */
export const crossEntropy: LossDefinition = {
  id: 'cross-entropy',
  summary: 'Cross-entropy of a linear classifier with the victim’s classes.',
  views: [1, 2],
  defaults: { batchSize: 64, optimizer: 'adam', learningRate: 3e-4, weightDecay: 8e-4 },
  affineEquivariant: false,
  meanOverRows: true,
  head: {
    initialize: (rng, dimension, classes) => ({
      kernel: normals(rng.derive('classifier'), [dimension, classes], Math.sqrt(1 / dimension)),
      bias: filled([classes], 0),
    }),
  },
  compute(surrogateViews, victimViews, _options, inputs) {
    const head = inputs?.head ?? {};
    const kernel = tensorNamed(head, 'kernel') as Tensor2D;
    const bias = tensorNamed(head, 'bias');
    return meanOverViews(surrogateViews, victimViews, (features, probabilities): Scalar => {
      const scores: Tensor2D = tf.add(tf.matMul(features, kernel), bias); // [batch, classes]
      const logProbabilities = tf.sub(scores, tf.logSumExp(scores, 1, true));
      return tf.neg(tf.mean(tf.sum(tf.mul(probabilities, logProbabilities), 1)));
    });
  },
};
