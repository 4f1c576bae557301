import type { HostTensor } from '../contract/engine.ts';
import type { Matrix } from '../contract/data.ts';
import { matrixRow } from '../contract/data.ts';
import { drawFlipShift, writeFlipShifted, writePixels } from '../augment/flip-shift.ts';
import type { Rng } from '../rng.ts';
import { imagesInput, targetsInput } from './training-step.ts';

/**
 * `flip-shift`: each time an image is used it is mirrored with probability 1/2 and moved by up to two pixels, while its
 * reply stays: more images from the same queries, under the assumption that the victim answers such copies alike.
 */
export type LocalAugmentation = 'none' | 'flip-shift';

/** What one view is trained on, at the surrogate's input size. */
export interface TrainingView {
  /** Bytes `[rows, size, size, 3]`. */
  readonly pixels: Uint8Array;
  /** `[rows, dimension]` */
  readonly targets: Matrix;
}

/** Images and targets of one batch as inputs of the training step: pixels as RGB in [0, 1]. */
export function batchInputs(
  views: readonly TrainingView[],
  rows: Uint32Array,
  size: number,
  augmentation: LocalAugmentation,
  rng: Rng,
): Readonly<Record<string, HostTensor>> {
  const inputs: Record<string, HostTensor> = {};
  const imageLength = size * size * 3;
  for (const [view, { pixels, targets }] of views.entries()) {
    const images = new Float32Array(rows.length * imageLength);
    const replies = new Float32Array(rows.length * targets.columns);
    for (const [at, row] of rows.entries()) {
      const source = pixels.subarray(row * imageLength, (row + 1) * imageLength);
      const target = images.subarray(at * imageLength, (at + 1) * imageLength);
      if (augmentation === 'none') writePixels(source, target);
      else writeFlipShifted(source, target, size, drawFlipShift(rng));
      replies.set(matrixRow(targets, row), at * targets.columns);
    }
    inputs[imagesInput(view)] = { shape: [rows.length, size, size, 3], data: images };
    inputs[targetsInput(view)] = { shape: [rows.length, targets.columns], data: replies };
  }
  return inputs;
}
