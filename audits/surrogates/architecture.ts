import type { Tensor2D, Tensor4D, Tensors } from '../tensor/ops.ts';
import type { Rng } from '../rng.ts';
import type { NamedArrays } from './parameters.ts';

/** Batch norm by the batch's own statistics, or by the running ones. */
export type ForwardMode = 'train' | 'inference';

export interface ForwardResult {
  /** `[batch, dimension]` */
  readonly embedding: Tensor2D;
  /**
   * In `train` mode the batch's mean and variance of every batch norm, under the names of the running statistics
   * they should move; empty in `inference` mode.
   */
  readonly batchStatistics: Tensors;
}

/** A network that can play the thief: how to draw it and how to run it, without any state of its own. */
export interface Architecture {
  /** The value of `SurrogateSettings.architecture`. */
  readonly id: string;
  readonly summary: string;
  /** Length of the pooled features, the embedding of the network without its linear head. */
  readonly features: number;
  /** Times a loss's learning rate, which the paper chose for a ResNet-34 and 100 epochs. */
  readonly learningRateFactor: number;
  /**
   * Fresh parameters.
   * @returns `weights` (trained; layouts HWIO and `[in, out]`) and `statistics` (running mean and variance of each
   * batch norm); no name occurs in both.
   */
  initialize(
    rng: Rng,
    dimension: number,
    inputSize: number,
  ): { readonly weights: NamedArrays; readonly statistics: NamedArrays };
  /**
   * @param parameters weights and statistics together; without a linear head the features are the embedding.
   * @param images `[batch, inputSize, inputSize, 3]`, RGB in [0, 1].
   */
  forward(parameters: Tensors, images: Tensor4D, mode: ForwardMode): ForwardResult;
}

/** Name of the linear head `[features, dimension]`, where a network has one. */
export const HEAD_KERNEL = 'head/kernel';
/** Name of the head's bias `[dimension]`. */
export const HEAD_BIAS = 'head/bias';
