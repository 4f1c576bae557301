import type { OptimizerId } from '../contract/method.ts';
import type { Rng } from '../rng.ts';
import type { NamedArrays } from '../surrogates/parameters.ts';
import type { Scalar, Tensor1D, Tensor2D, Tensors } from '../tensor/ops.ts';

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
 * Layers of the attacker's own between the surrogate's embedding and the loss: trained with the surrogate by the same
 * rule, and thrown away afterwards.
 */
export interface LossHead {
  /**
   * Fresh weights under names of the head's own.
   * @param dimension length of the surrogate's embedding
   * @param replyDimension length of a reply
   */
  initialize(rng: Rng, dimension: number, replyDimension: number): NamedArrays;
  /**
   * What becomes of the replies `[batch, replyDimension]` of one view before the loss sees them, where they pass the head
   * too. Computed outside of the differentiation: no gradient flows through it.
   */
  receive?(replies: Tensor2D, head: Tensors): Tensor2D;
}

/** What a step knows besides embeddings and replies. */
export interface LossInputs {
  /** Class of each image `[batch]`, whole numbers as float32; for a loss with `needsLabels`. */
  readonly labels?: Tensor1D;
  /** The head's current weights; none for a loss without a head. */
  readonly head: Tensors;
}

/**
 * A distance between the surrogate's and the victim's embeddings of the same images: pure tensor operations with
 * static shapes, so that a step which contains it can be traced. Gradients flow through the surrogate only.
 */
export interface LossDefinition {
  /** kebab-case; equals the file name and the value of an attack's `loss` setting. */
  readonly id: string;
  readonly summary: string;
  /** Raised when its numbers change: cells that train with it then have another key. Default: 1. */
  readonly version?: number;
  /** Numbers of views per image that it accepts. */
  readonly views: readonly number[];
  readonly defaults: LossDefaults;
  /** What holds of its options where nothing else is asked; none: it has no options. */
  readonly options?: LossOptions;
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
  /** Whether the attacker must know the class of each queried image. Default: false. */
  readonly needsLabels?: boolean;
  readonly head?: LossHead;
  /**
   * @param surrogateViews one tensor `[batch, dimension]` per view; row i of every tensor belongs to image i.
   * @param victimViews the replies, same order and shape (as `head.receive` left them).
   * @returns the mean over the batch.
   */
  compute(
    surrogateViews: readonly Tensor2D[],
    victimViews: readonly Tensor2D[],
    options: LossOptions,
    inputs?: LossInputs,
  ): Scalar;
}
