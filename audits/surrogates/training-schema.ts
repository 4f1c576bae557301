import { z } from 'zod';
import { initializationIds, optimizerIds, scheduleIds } from '../contract/method.ts';

/** `TrainingSettings` as a user gives them; loads no tensor library. */
export const trainingSettingsSchema = z.object({
  optimizer: z.enum(optimizerIds).optional(),
  learningRate: z.number().positive().optional(),
  weightDecay: z.number().nonnegative().optional(),
  nesterov: z.boolean().optional(),
  schedule: z.enum(scheduleIds).optional(),
  warmUpEpochs: z.number().nonnegative().optional(),
  clipNorm: z.number().positive().optional(),
});

/** Everything a surrogate's spelling may set after its architecture. */
export const surrogateSettingsSchema = trainingSettingsSchema.extend({
  initialization: z.enum(initializationIds).optional(),
});
