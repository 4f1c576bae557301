import { openAugmentation } from '../augment/registry.ts';
import { crossEntropy } from '../losses/cross-entropy.ts';
import type { TrainingMethod } from './training-method.ts';

/**
 * The baseline with labels: cross-entropy of a linear classifier on the embedding (the label-stealing comparison of the
 * paper's Table 4 has such a victim). The classifier is thrown away; what it made of the embedding stays.
 */
export const supervised: TrainingMethod = {
  id: 'supervised',
  title: 'Supervised',
  summary: 'With labels: a linear classifier on the embedding must name the class.',
  source: 'The usual baseline; the flip and shift are those of He et al., CVPR 2016, section 4.2, milder.',
  views: 1,
  needsClasses: true,
  augmentation: openAugmentation('flip-shift'),
  defaults: { batchSize: 128, optimizer: 'adam', learningRate: 1e-3 / 3, weightDecay: 1e-4 },
  head: (rng, dimension, classes) => crossEntropy.head?.initialize(rng, dimension, classes) ?? {},
  loss({ embedding, head, classes }) {
    if (classes === undefined) throw new RangeError('supervised training was given no classes');
    return crossEntropy.compute([embedding], [classes], {}, { head });
  },
};
