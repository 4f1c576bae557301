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

/** Everything a surrogate's spelling may set after its architecture. */
export const surrogateSettingsSchema = trainingSettingsSchema.extend({
  initialization: z.enum(initializationIds).optional(),
});

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
