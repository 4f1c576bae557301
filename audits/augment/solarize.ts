import { tf } from '../tensor/ops.ts';
import type { Tensor } from '../tensor/ops.ts';
import { perImage } from './planes.ts';
import type { Planes } from './planes.ts';

/** A threshold no value reaches. */
export const noSolarize = 2;

/**
 * Inverts the values that reach a threshold; torchvision's `solarize`.
 * @param thresholds `[batch, 1]` in [0, 1], or `noSolarize`.
 */
export function solarize(planes: Planes, thresholds: Tensor): Planes {
  return tf.where(tf.greaterEqual(planes, perImage(thresholds)), tf.sub(1, planes), planes);
}
