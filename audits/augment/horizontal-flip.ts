import { tf } from '../tensor/ops.ts';
import type { Tensor } from '../tensor/ops.ts';
import { perImage } from './planes.ts';
import type { Planes } from './planes.ts';

/**
 * Mirrors images left to right.
 * @param flips `[batch, 1]`: 1 mirrors, 0 does not.
 */
export function horizontalFlip(planes: Planes, flips: Tensor): Planes {
  return tf.where(tf.greater(perImage(flips), 0.5), tf.reverse(planes, 3), planes);
}
