import { openAugmentation } from '../augment/registry.ts';
import { predictSiamese, projectSiamese, siameseHead, symmetrizedCosine } from '../losses/siamese-head.ts';
import { stopGradient } from '../tensor/stop-gradient.ts';
import { splitViews, type TrainingMethod } from './training-method.ts';

/**
 * SimSiam (Chen and He, CVPR 2021, algorithm 1): each view, behind projector and predictor, predicts the projection of the
 * other view, and no gradient flows through what is predicted. No negatives, no second network: without the stopped
 * gradient every image would end at the same vector. Each view's head normalizes its own rows, as in the authors' code; the
 * encoder's batch norms see both views together.
 */
export const simsiam: TrainingMethod = {
  id: 'simsiam',
  title: 'SimSiam',
  summary: 'Without labels or negatives: each view predicts the other one, which stands still.',
  source: 'Chen, He: Exploring Simple Siamese Representation Learning, CVPR 2021',
  views: 2,
  needsClasses: false,
  augmentation: openAugmentation('simclr'),
  // The paper's rate for CIFAR-10, 0.03 per 256 images, and its decay.
  defaults: { batchSize: 128, optimizer: 'sgd-momentum', learningRate: 0.015, weightDecay: 5e-4 },
  head: (rng, dimension) => siameseHead(rng, dimension),
  loss({ embedding, batchSize, head }) {
    const projections = splitViews(embedding, batchSize).map((view) => projectSiamese(view, head));
    const predictions = projections.map((projection) => predictSiamese(projection, head));
    return symmetrizedCosine(predictions, projections.map(stopGradient));
  },
};
