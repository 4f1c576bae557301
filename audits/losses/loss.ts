import type { OptimizerId } from '../contract/method.ts';
import type { Scalar, Tensor2D } from '../tensor/ops.ts';

/** What a loss may be told; a loss ignores what it has no use for. */
export interface LossOptions {
  /** Divides similarities before the softmax. Default: the loss's own. */
  readonly temperature?: number;
  /**
   * With two views a row has three positives: take the first in row order, as the paper's code does, or average
   * over all of them. Default: `mean`.
   */
  readonly positives?: 'first' | 'mean';
}

/** How the paper's code trains with a loss (section 2.1 of the specification; A.1 of the paper differs). */
export interface LossDefaults {
  readonly batchSize: number;
  readonly optimizer: OptimizerId;
  readonly learningRate: number;
  /** In the way of the optimizer: most add `weightDecay * weight` to the gradient. */
  readonly weightDecay: number;
}

/**
 * A distance between the surrogate's and the victim's embeddings of the same images: pure tensor operations with
 * static shapes, so that a step which contains it can be traced. Gradients flow through the surrogate only.
 */
export interface LossDefinition {
  /** kebab-case; equals the file name and the value of an attack's `loss` setting. */
  readonly id: string;
  readonly summary: string;
  /** Numbers of views per image that it accepts. */
  readonly views: readonly number[];
  readonly defaults: LossDefaults;
  /**
   * Whether minimising it on affinely rescaled targets (one offset per dimension, one factor for all) has the same
   * minimum up to that map. If so, training may run on standardised targets and undo the map afterwards.
   */
  readonly affineEquivariant: boolean;
  /**
   * Whether a batch's loss is the plain mean of what each row would lose alone: then the mean of the gradients of its parts
   * is its gradient, and a batch that does not fit the device's memory can be trained in parts.
   */
  readonly meanOverRows: boolean;
  /**
   * @param surrogateViews one tensor `[batch, dimension]` per view; row i of every tensor belongs to image i.
   * @param victimViews the replies, same order and shape.
   * @returns the mean over the batch.
   */
  compute(
    surrogateViews: readonly Tensor2D[],
    victimViews: readonly Tensor2D[],
    options: LossOptions,
  ): Scalar;
}
