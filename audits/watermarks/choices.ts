import { z } from 'zod';
import { completeSpec, parseChain } from '../contract/configuration.ts';
import { MoatError } from '../contract/errors.ts';

/** What a training may be told of a watermark; apart from how it is made, so that the help needs no tensor library. */

/**
 * Both versions that the paper's authors have coded: `trained` moves the predictor with the encoder, `frozen` leaves it as it was
 * drawn, and the encoder alone learns to be read by it. Which one made the published numbers is not known (paper-spec 4.1).
 */
export const predictorVariants = ['trained', 'frozen'] as const;
export type PredictorVariant = (typeof predictorVariants)[number];

/** A watermark that a training leaves in an encoder. */
export interface TrainedWatermark {
  readonly kind: 'rotation';
  readonly predictor: PredictorVariant;
}

const rotation = {
  meta: { id: 'rotation' },
  config: z.object({ predictor: z.enum(predictorVariants).default('trained') }),
};

/**
 * Reads `rotation` or `rotation:predictor=frozen`.
 * @throws MoatError `method-unknown`, `configuration-invalid`
 */
export function parseWatermark(text: string): TrainedWatermark {
  const [spec, ...more] = parseChain(text);
  if (spec?.id !== rotation.meta.id)
    throw new MoatError(
      'method-unknown',
      `There is no watermark "${spec?.id}" that a training can leave; there is ${rotation.meta.id}.`,
    );
  if (more.length > 0)
    throw new MoatError('configuration-invalid', 'A training leaves one watermark, not several.');
  const { predictor } = rotation.config.parse(completeSpec(rotation, spec.values).config);
  return { kind: 'rotation', predictor };
}
