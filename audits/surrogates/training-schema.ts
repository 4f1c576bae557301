import { z } from 'zod';
import { initializationIds, optimizerIds, scheduleIds, type SurrogateSettings } from '../contract/method.ts';

/** `TrainingSettings` as a user gives them; loads no tensor library. */
export const trainingSettingsSchema = z.object({
  optimizer: z.enum(optimizerIds).optional(),
  learningRate: z.number().positive().optional(),
  weightDecay: z.number().nonnegative().optional(),
  nesterov: z.boolean().optional(),
  schedule: z.enum(scheduleIds).optional(),
  warmUpEpochs: z.number().nonnegative().optional(),
  clipNorm: z.number().positive().optional(),
  lossBatch: z.boolean().optional(),
});

/** Pixels a side below which the networks' strides leave one value per map before the last block. */
const SMALLEST_INPUT = 8;
/** Pixels a side at which an audit keeps the images of its tasks. */
export const LARGEST_INPUT = 64;

/** Everything a surrogate's spelling may set after its architecture. */
export const surrogateSettingsSchema = trainingSettingsSchema.extend({
  initialization: z.enum(initializationIds).optional(),
  inputSize: z.int().min(SMALLEST_INPUT).max(LARGEST_INPUT).optional(),
  epochs: z.int().positive().optional(),
  // Batch norm has no variance over a single image.
  batchSize: z.int().min(2).optional(),
});

/** What every surrogate has beyond its architecture; a preset's where nothing else is said. */
export type SurrogateShape = Pick<SurrogateSettings, 'inputSize' | 'epochs' | 'batchSize'>;

/** Initialisations that train a map of a public encoder's frozen features. */
export type BackboneStart = 'backbone-frozen' | 'backbone-head';

/** The part on a public encoder's features that is trained, where it is not a network of the thief's own. */
export function backboneStart({
  initialization,
}: Pick<SurrogateSettings, 'initialization'>): BackboneStart | undefined {
  return initialization === 'backbone-frozen' || initialization === 'backbone-head'
    ? initialization
    : undefined;
}
