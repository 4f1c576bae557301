import type { Augmentation } from '../augment/augmentation.ts';
import type { LossDefaults } from '../losses/loss.ts';
import type { Rng } from '../rng.ts';
import type { NamedArrays } from '../surrogates/parameters.ts';
import { tf } from '../tensor/ops.ts';
import type { Scalar, Tensor2D, Tensors } from '../tensor/ops.ts';
import type { TrainingMethodId } from './choices.ts';

/** What a method's loss sees of one batch. */
export interface EmbeddedBatch {
  /**
   * `[views * batch, dimension]`: the first views of all images, then the second ones. They went through the network as one
   * batch, so that its batch norms saw them together.
   */
  readonly embedding: Tensor2D;
  /** Images in the batch. */
  readonly batchSize: number;
  /** The head's current weights. */
  readonly head: Tensors;
  /** `[batch, classes]`, one 1 in each row; for a method with `needsClasses`. */
  readonly classes?: Tensor2D | undefined;
}

/** A way to train an encoder from nothing: views of an image, layers that are thrown away afterwards, a loss. */
export interface TrainingMethod {
  /** kebab-case; equals the file name and the value of `--method`. */
  readonly id: TrainingMethodId;
  readonly title: string;
  readonly summary: string;
  /** The paper. */
  readonly source: string;
  /** Augmented copies of each image in a batch. */
  readonly views: 1 | 2;
  /** Whether every image must have a class. */
  readonly needsClasses: boolean;
  /** What makes the views. */
  readonly augmentation: Augmentation;
  /** For a small network on a processor; the rate is multiplied by the architecture's factor. */
  readonly defaults: LossDefaults;
  /**
   * Fresh weights of the head, under names that no network has.
   * @param dimension length of the embedding
   * @param classes number of classes; 0 where there are none
   */
  head(rng: Rng, dimension: number, classes: number): NamedArrays;
  /** The mean over the batch, from tensor operations with static shapes. */
  loss(batch: EmbeddedBatch): Scalar;
}

/** Both views `[batch, dimension]` of rows that stand as in `EmbeddedBatch.embedding`. */
export function splitViews(rows: Tensor2D, batchSize: number): readonly [first: Tensor2D, second: Tensor2D] {
  const columns = rows.shape[1];
  return [
    tf.slice2d(rows, [0, 0], [batchSize, columns]),
    tf.slice2d(rows, [batchSize, 0], [batchSize, columns]),
  ];
}
