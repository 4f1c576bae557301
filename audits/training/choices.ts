/** What `moat train` may be told by name; apart from what the names stand for, so that the help needs no tensor library. */

export const trainingMethodIds = ['simclr', 'simsiam', 'vicreg', 'supervised'] as const;
export type TrainingMethodId = (typeof trainingMethodIds)[number];

export const trainingPresetIds = ['small', 'paper'] as const;
export type TrainingPresetId = (typeof trainingPresetIds)[number];

/** Those of `audits/surrogates/registry.ts`. */
export const architectureIds = ['small-cnn', 'resnet18', 'resnet34'] as const;
