import { tf } from '../tensor/ops.ts';
import type { Tensor } from '../tensor/ops.ts';
import { perImage } from './planes.ts';
import type { Planes } from './planes.ts';

/**
 * Stretches every channel of an image to reach from 0 to 1; torchvision's `autocontrast`. A flat channel stays.
 * @param applied `[batch, 1]`: 1 does so, 0 leaves the image as it is.
 */
export function autocontrast(planes: Planes, applied: Tensor): Planes {
  const lowest = tf.min(planes, [2, 3], true);
  const range = tf.sub(tf.max(planes, [2, 3], true), lowest);
  const isStretched = tf.cast(
    tf.logicalAnd(tf.greater(range, 0), tf.greater(perImage(applied), 0.5)),
    'float32',
  );
  // Per channel and image: (x - low) / range, or (x - 0) / 1.
  const divisor = tf.add(tf.mul(isStretched, tf.sub(range, 1)), 1);
  return tf.clipByValue(tf.div(tf.sub(planes, tf.mul(isStretched, lowest)), divisor), 0, 1);
}
