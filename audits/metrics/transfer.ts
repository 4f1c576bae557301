/** Transfer of adversarial examples from a copy to the victim: what its measurements are called (measured by `run/measure-transfer.ts`). */

/** Raised whenever the numbers change: part of the keys of cells that measure it. */
export const transferVersion = 1;

/** Largest changes of a pixel on [0, 1] (paper-spec 2.7). */
export const epsilons = [0.05, 0.1, 0.15, 0.2, 0.25, 0.3] as const;

/** Test images, evenly spaced; the paper has 543. Every copy costs the victim a pass over them per epsilon. */
export const MOST_TRANSFER_IMAGES = 500;

/** Of the images that victim and head classify rightly, the share they no longer do. */
export const successMetric = (epsilon: number): string => `fgsm-success-${epsilon}`;
/** The same under random signs. */
export const randomMetric = (epsilon: number): string => `fgsm-random-success-${epsilon}`;
/** The victim's accuracy on the images that the copy classifies rightly; 0 for undisturbed ones. */
export const accuracyMetric = (epsilon: number): string => `fgsm-victim-accuracy-${epsilon}`;
