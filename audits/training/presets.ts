import { MoatError } from '../contract/errors.ts';
import type { TrainingSettings } from '../contract/method.ts';
import type { TrainingMethodId, TrainingPresetId } from './choices.ts';
import { findTrainingMethod } from './registry.ts';
import { createSimclr } from './simclr.ts';
import type { TrainingMethod } from './training-method.ts';

/** What a training is when nothing else is said. */
export interface TrainingPreset {
  readonly id: TrainingPresetId;
  readonly summary: string;
  readonly method: TrainingMethod;
  readonly architecture: string;
  /** Length of the embedding; for another architecture than the preset's it is kept too. */
  readonly dimension: number;
  /** Side of the square input, in pixels. */
  readonly inputSize: number;
  readonly batchSize: number;
  readonly epochs: number;
  /** What differs from the method's own rule. */
  readonly rule: TrainingSettings;
}

/** For two cores: the network and the pixels of the demo, whose encoder was made so. */
const SMALL = { architecture: 'small-cnn', dimension: 128, inputSize: 32, epochs: 30 } as const;

/**
 * The victims of Dziedzic et al., ICML 2022 (section 1.1 of the specification): SimCLR, CIFAR-stem ResNet-34, 512 dimensions,
 * head 512-512-128 with biases, temperature 0.07, 200 epochs of batches of 256, Adam 3e-4, decay 1e-4, cosine. Differences
 * that are left are named in docs/training.md.
 */
const paperSimclr: TrainingPreset = {
  id: 'paper',
  summary: 'SimCLR as the paper trained its victims: ResNet-34, 200 epochs. For a GPU.',
  method: createSimclr({ temperature: 0.07, outputBias: true }),
  architecture: 'resnet34',
  dimension: 512,
  inputSize: 32,
  batchSize: 256,
  epochs: 200,
  rule: { optimizer: 'adam', learningRate: 3e-4, weightDecay: 1e-4, schedule: 'cosine' },
};

/**
 * The preset for a method.
 * @throws MoatError `configuration-invalid` for `paper` with a method the paper trained nothing by
 */
export function trainingPreset(id: TrainingPresetId, methodId: TrainingMethodId): TrainingPreset {
  if (id === 'paper') {
    if (methodId === paperSimclr.method.id) return paperSimclr;
    throw new MoatError(
      'configuration-invalid',
      `The preset paper is for simclr, by which the paper trained its victims, not for ${methodId}.`,
    );
  }
  const method = findTrainingMethod(methodId);
  return {
    ...SMALL,
    id: 'small',
    summary: 'A small network that learns in minutes on two cores.',
    method,
    batchSize: method.defaults.batchSize,
    rule: {},
  };
}
