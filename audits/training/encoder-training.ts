import type { Clock } from '../contract/context.ts';
import type { Images } from '../contract/data.ts';
import type { Engine } from '../contract/engine.ts';
import type { CheckpointSlot, FeatureEncoder, SurrogateModel, TrainingSettings } from '../contract/method.ts';
import type { Rng } from '../rng.ts';
import type { Architecture } from '../surrogates/architecture.ts';
import type { NamedArrays } from '../surrogates/parameters.ts';
import type { TrainedWatermark } from '../watermarks/choices.ts';
import type { TrainingMethod } from './training-method.ts';
import type { TrainingLength } from './training-plan.ts';

/** What `trainEncoder` is asked, tells and returns. */

/** What one look at the encoder found; figures in [0, 1]. */
export interface Look {
  /** Accuracy of a vote of nearest neighbors on images held out; null for images without classes. */
  readonly neighborAccuracy: number | null;
  /** How far the images' directions spread: 0 when all are one, near 1 when they use all dimensions alike. */
  readonly spread: number;
}

export type TrainingEvent =
  /** `stepsDone` is above 0 where a checkpoint was found. */
  | {
      readonly type: 'begin';
      readonly stepsDone: number;
      readonly totalSteps: number;
      readonly stepsPerEpoch: number;
    }
  | {
      readonly type: 'step';
      readonly stepsDone: number;
      readonly totalSteps: number;
      readonly loss: number;
      /** Null without a clock and before this process has timed a step. */
      readonly etaMs: number | null;
    }
  /** An epoch has ended, or the training within one. `loss` is the mean of its steps. */
  | {
      readonly type: 'epoch';
      readonly epoch: number;
      readonly loss: number;
      readonly look: Look | null;
      readonly etaMs: number | null;
    };

export interface EncoderTraining {
  readonly engine: Engine;
  readonly method: TrainingMethod;
  readonly architecture: Architecture;
  /** Length of the embedding. */
  readonly dimension: number;
  readonly inputSize: number;
  /** Images of any size. */
  readonly images: Images;
  /** Class of each image, and how many classes there are; for a method that needs them. */
  readonly labels?: Int32Array | undefined;
  readonly classes?: number | undefined;
  /** Default: the method's. */
  readonly batchSize?: number | undefined;
  readonly length: TrainingLength;
  /** What the encoder shall carry besides. */
  readonly watermark?: TrainedWatermark | undefined;
  /** What differs from the method's own rule. */
  readonly rule?: TrainingSettings | undefined;
  readonly rng: Rng;
  readonly checkpoint: CheckpointSlot;
  readonly signal: AbortSignal;
  /**
   * Needed for a length of time. With one, checkpoints and looks are made by the time they take; without, after every epoch. It
   * never changes the weights of a training by epochs.
   */
  readonly clock?: Clock | undefined;
  /** Looks at the encoder as it is between two epochs. */
  readonly look?: ((encoder: FeatureEncoder) => Promise<Look>) | undefined;
  readonly onEvent?: ((event: TrainingEvent) => void) | undefined;
}

export interface TrainedEncoder {
  readonly encoder: Extract<SurrogateModel, { kind: 'network' }>;
  /** What reads the watermark from its embeddings (`audits/watermarks/rotation-predictor.ts`); absent without one. */
  readonly predictor?: NamedArrays | undefined;
  /** Mean loss per epoch; the last may be the mean of a part of one. */
  readonly losses: readonly number[];
  readonly stepsDone: number;
  /** More than `stepsDone` where the time was over first. */
  readonly totalSteps: number;
  readonly stepsPerEpoch: number;
  readonly batchSize: number;
  /** At the end; null where nobody looks. */
  readonly look: Look | null;
}
