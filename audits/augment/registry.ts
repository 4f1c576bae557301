import { MoatError } from '../contract/errors.ts';
import type { Augmentation, AugmentationSet } from './augmentation.ts';
import { flipShift } from './flip-shift.ts';
import { noAugmentation } from './none.ts';
import { randAugment } from './rand-augment.ts';
import { simclrRotation } from './simclr-rotation.ts';
import { simclr } from './simclr.ts';
import { stolenEncoder } from './stolen-encoder.ts';

/** Every augmentation a training step can do. */
export const augmentationSets = [
  noAugmentation,
  flipShift,
  simclr,
  simclrRotation,
  stolenEncoder,
  randAugment,
] as const satisfies readonly AugmentationSet[];

/** The ids a setting may name. */
export const augmentationIds = [
  'none',
  'flip-shift',
  'simclr',
  'simclr-rotation',
  'stolen-encoder',
  'rand-augment',
] as const;

export type AugmentationId = (typeof augmentationIds)[number];

/**
 * The augmentation with its parameters, defaults where they are left out.
 * @throws MoatError `method-unknown` with the known ids; ZodError for parameters out of range, which is a bug of the caller
 */
export function openAugmentation(
  id: string,
  parameters: Readonly<Record<string, unknown>> = {},
): Augmentation {
  const set: AugmentationSet | undefined = augmentationSets.find((candidate) => candidate.id === id);
  if (set === undefined)
    throw new MoatError(
      'method-unknown',
      `There is no augmentation "${id}"; there are ${augmentationIds.join(', ')}.`,
    );
  return set.open(set.parameters.parse(parameters));
}
