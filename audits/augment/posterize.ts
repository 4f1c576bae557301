import { tf } from '../tensor/ops.ts';
import type { Tensor } from '../tensor/ops.ts';
import { perImage } from './planes.ts';
import type { Planes } from './planes.ts';

/**
 * Keeps the highest bits of 8-bit values; torchvision's `posterize` on bytes. Values between two bytes are rounded first.
 * @param steps `[batch, 1]`: 2 to the power of the bits dropped, 1 to 256; 0 leaves the image as it is, unrounded.
 */
export function posterize(planes: Planes, steps: Tensor): Planes {
  const step = perImage(steps);
  const bytes = tf.round(tf.mul(planes, 255));
  const size = tf.maximum(step, 1);
  const kept: Planes = tf.div(tf.mul(tf.floor(tf.div(bytes, size)), size), 255);
  return tf.where(tf.greater(step, 0.5), kept, planes);
}
