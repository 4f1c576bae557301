import type { HostTensor } from '../contract/engine.ts';
import type { Matrix } from '../contract/data.ts';
import { matrixRow } from '../contract/data.ts';
import { drawBatch } from '../augment/augmentation.ts';
import type { Augmentation } from '../augment/augmentation.ts';
import type { Rng } from '../rng.ts';
import { drawsPrefix, imagesInput, LABELS_INPUT, targetsInput } from './training-step.ts';

/** What one view is trained on. */
export type TrainingView = PixelView | FeatureView;

/** At the surrogate's input size. */
export interface PixelView {
  /** Bytes `[rows, size, size, 3]`. */
  readonly pixels: Uint8Array;
  /** `[rows, dimension]` */
  readonly targets: Matrix;
  readonly augmentation: Augmentation;
}

/** A frozen encoder's features, which stay as they are. */
export interface FeatureView {
  /** `[rows, features]` */
  readonly features: Matrix;
  /** `[rows, dimension]` */
  readonly targets: Matrix;
}

/** Whether a batch's images are changed before the step gets them, instead of in it. */
export function isAppliedOnHost(augmentation: Augmentation): boolean {
  return augmentation.applyOnHost !== undefined;
}

/**
 * Images and targets of one batch as inputs of the training step. Each time an image is used it is augmented anew while
 * its reply stays: more images from the same queries, under the assumption that the victim answers such copies alike.
 * Pixels are bytes where the step augments, and changed here to RGB in [0, 1] where the augmentation does so on the host.
 */
export function batchInputs(
  views: readonly TrainingView[],
  rows: Uint32Array,
  size: number,
  rng: Rng,
): Readonly<Record<string, HostTensor>> {
  const inputs: Record<string, HostTensor> = {};
  for (const [view, trained] of views.entries()) {
    const { targets } = trained;
    inputs[targetsInput(view)] = { shape: [rows.length, targets.columns], data: batchRows(targets, rows) };
    if ('features' in trained) {
      const { features } = trained;
      inputs[imagesInput(view)] = {
        shape: [rows.length, 1, 1, features.columns],
        data: batchRows(features, rows),
      };
      continue;
    }
    const { pixels, augmentation } = trained;
    inputs[imagesInput(view)] = {
      shape: [rows.length, size, size, 3],
      data: batchPixels(pixels, rows, size, augmentation, rng),
    };
    if (!isAppliedOnHost(augmentation))
      Object.assign(inputs, drawBatch(augmentation, rows.length, size, rng, drawsPrefix(view)));
  }
  return inputs;
}

/** The classes of one batch as input of the training step. */
export function labelInput(
  labels: Int32Array | undefined,
  rows: Uint32Array,
): Readonly<Record<string, HostTensor>> {
  if (labels === undefined) throw new RangeError('a loss that needs classes was given none');
  return {
    [LABELS_INPUT]: {
      shape: [rows.length],
      data: Float32Array.from(rows, (row) => labels[row] ?? Number.NaN),
    },
  };
}

function batchRows(source: Matrix, rows: Uint32Array): Float32Array {
  const data = new Float32Array(rows.length * source.columns);
  for (const [at, row] of rows.entries()) data.set(matrixRow(source, row), at * source.columns);
  return data;
}

function batchPixels(
  pixels: Uint8Array,
  rows: Uint32Array,
  size: number,
  augmentation: Augmentation,
  rng: Rng,
): Float32Array {
  const length = size * size * 3;
  const images = new Float32Array(rows.length * length);
  for (const [at, row] of rows.entries()) {
    const source = pixels.subarray(row * length, (row + 1) * length);
    if (augmentation.applyOnHost === undefined) images.set(source, at * length);
    else {
      const target = images.subarray(at * length, (at + 1) * length);
      augmentation.applyOnHost(source, target, size, augmentation.drawImage(rng, size));
    }
  }
  return images;
}
