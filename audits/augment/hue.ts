import { tf } from '../tensor/ops.ts';
import type { Tensor, Tensor3D } from '../tensor/ops.ts';
import { colors, perImage } from './planes.ts';
import type { Planes } from './planes.ts';

/**
 * Turns the hue in HSV, saturation and value kept: torchvision's `adjust_hue`.
 * @param turns `[batch, 1]`: share of the full circle, -0.5 to 0.5; 0 changes nothing.
 */
export function turnHue(planes: Planes, turns: Tensor): Planes {
  const [red, green, blue] = colors(planes);
  const value = tf.maximum(tf.maximum(red, green), blue);
  const chroma = tf.sub(value, tf.minimum(tf.minimum(red, green), blue));
  // A gray pixel has no hue: with chroma 0 any finite number serves.
  const divisor = tf.add(chroma, tf.cast(tf.equal(chroma, 0), 'float32'));
  const along = (from: Tensor3D, to: Tensor3D, offset: number): Tensor3D =>
    tf.add(tf.div(tf.sub(to, from), divisor), offset);
  // Hue in sixths of the circle, red at 0.
  const sixths: Tensor3D = tf.where(
    tf.equal(value, red),
    along(blue, green, 0),
    tf.where(tf.equal(value, green), along(red, blue, 2), along(green, red, 4)),
  );
  const turned = tf.add(sixths, tf.mul(perImage(turns), 6));
  // Each channel falls from the value by its distance on the circle.
  return tf.stack(
    [5, 3, 1].map((offset) => tf.sub(value, tf.mul(chroma, fall(tf.add(turned, offset))))),
    0,
  ) as Planes;
}

/** How far a channel at this place of the hue circle (in sixths) lies below the value, in chromas. */
function fall(sixths: Tensor3D): Tensor3D {
  const position = tf.sub(sixths, tf.mul(tf.floor(tf.div(sixths, 6)), 6));
  return tf.clipByValue(tf.minimum(position, tf.sub(4, position)), 0, 1);
}
