import { openAugmentation } from '../augment/registry.ts';
import { infonce } from '../losses/infonce.ts';
import type { Rng } from '../rng.ts';
import { filled, normals, tensorNamed, type NamedArrays } from '../surrogates/parameters.ts';
import { tf } from '../tensor/ops.ts';
import type { Tensor2D } from '../tensor/ops.ts';
import { splitViews, type TrainingMethod } from './training-method.ts';

/** Width of the latent space in which views are compared (paper, section 1.1 of the specification: head 512-512-128). */
const PROJECTION = 128;
/** Found best for the demo's small network on drawn images; Chen et al. (B.9) find 0.5 for CIFAR-10 and small batches. */
const DEFAULT_TEMPERATURE = 0.2;

export interface SimclrOptions {
  /** Divides the cosines before the softmax. Default: 0.2. */
  readonly temperature?: number;
  /** A bias in the head's last layer too, as in the code of the paper under test. Default: false, as in SimCLR's own. */
  readonly outputBias?: boolean;
}

/**
 * SimCLR (Chen et al., ICML 2020): two augmented views of each image, a projection head of two layers as wide as the
 * embedding, NT-Xent between the views of a batch: the other view of the same image must be the nearest of all rows.
 */
export function createSimclr({
  temperature = DEFAULT_TEMPERATURE,
  outputBias = false,
}: SimclrOptions = {}): TrainingMethod {
  return {
    id: 'simclr',
    title: 'SimCLR',
    summary: 'Contrastive, without labels: two views of an image must be nearest among all of the batch.',
    source: 'Chen, Kornblith, Norouzi, Hinton: A Simple Framework for Contrastive Learning, ICML 2020',
    views: 2,
    needsClasses: false,
    augmentation: openAugmentation('simclr'),
    // Times 3 for small-cnn: the 2e-3 with which the demo's encoder was trained.
    defaults: { batchSize: 128, optimizer: 'adam', learningRate: 2e-3 / 3, weightDecay: 1e-4 },
    head: (rng, dimension) => ({
      ...projectionHead(rng, dimension),
      ...(outputBias ? { 'projection/output-bias': filled([PROJECTION], 0) } : {}),
    }),
    loss({ embedding, batchSize, head }) {
      const hidden = tf.relu(
        tf.add(
          tf.matMul(embedding, tensorNamed(head, 'projection/hidden')),
          tensorNamed(head, 'projection/hidden-bias'),
        ),
      );
      const product: Tensor2D = tf.matMul(hidden, tensorNamed(head, 'projection/output'));
      const latent = outputBias
        ? tf.add<Tensor2D>(product, tensorNamed(head, 'projection/output-bias'))
        : product;
      const [first, second] = splitViews(latent, batchSize);
      return infonce.compute([first], [second], { temperature });
    },
  };
}

export const simclr: TrainingMethod = createSimclr();

function projectionHead(rng: Rng, dimension: number): NamedArrays {
  return {
    'projection/hidden': normals(rng.derive('hidden'), [dimension, dimension], Math.sqrt(2 / dimension)),
    'projection/hidden-bias': filled([dimension], 0),
    'projection/output': normals(rng.derive('output'), [dimension, PROJECTION], Math.sqrt(1 / dimension)),
  };
}
