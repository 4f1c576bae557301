import type { Matrix } from '../contract/data.ts';
import { predictRotations } from './rotation-predictor.ts';
import type { RotationKey } from './rotation-key.ts';
import { ROTATION_CLASSES } from './rotation-task.ts';

/**
 * The watermark success rate (WSR) of an encoder: accuracy of the victim's predictor on its embeddings of turned images, over
 * disjoint batches of images, each with one row per class (paper-spec 4.1). 0.5 by chance.
 * @param turned embeddings of `turnedImages`, `[classes * images, dimension of the key]`
 * @param batches at most one per image; what does not fill the last one goes to the others
 * @throws RangeError for another dimension than the key's
 */
export function successRates(key: RotationKey, turned: Matrix, batches: number): Float64Array {
  if (turned.columns !== key.dimension)
    throw new RangeError(`a key for ${key.dimension} dimensions, embeddings of ${turned.columns}`);
  const images = turned.rows / ROTATION_CLASSES;
  if (!Number.isInteger(images) || images < 1)
    throw new RangeError(`${turned.rows} rows are not ${ROTATION_CLASSES} per image`);
  const predicted = predictRotations(key.weights, turned);
  const count = Math.min(batches, images);
  return Float64Array.from({ length: count }, (_, batch) => {
    const first = Math.floor((batch * images) / count);
    const end = Math.floor(((batch + 1) * images) / count);
    let right = 0;
    for (let at = 0; at < ROTATION_CLASSES; at++)
      for (let image = first; image < end; image++) if (predicted[at * images + image] === at) right += 1;
    return right / (ROTATION_CLASSES * (end - first));
  });
}

/** Over all images at once. */
export function successRate(key: RotationKey, turned: Matrix): number {
  return successRates(key, turned, 1)[0] ?? Number.NaN;
}

/** Mean of rates per batch. */
export function meanRate(rates: Float64Array): number {
  return rates.reduce((sum, rate) => sum + rate, 0) / rates.length;
}

/**
 * Below this rate an encoder's own mark is too faint to be told from none in copies, which keep a part of it. A choice and no
 * measured bound: what a key reads from independent encoders of real images is not known yet (docs/training.md).
 */
const LEAST_OWN_RATE = 0.6;

/** Whether an encoder carries the mark at all. */
export function carriesMark(rate: number): boolean {
  return rate >= LEAST_OWN_RATE;
}
