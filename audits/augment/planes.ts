import { tf } from '../tensor/ops.ts';
import type { Tensor, Tensor3D, Tensor4D } from '../tensor/ops.ts';

/**
 * Images as planes `[3, batch, height, width]`: the layout in which augmentations work. A number per image broadcasts
 * as `[batch, 1, 1]`, a gray image as `[batch, height, width]`, and operators along an axis are batched matrix products
 * without a transpose.
 */
export type Planes = Tensor4D;

/** From `[batch, height, width, 3]`. */
export function toPlanes(images: Tensor4D): Planes {
  const planes = tf.transpose(images, [3, 0, 1, 2]);
  const [, batch, height, width] = planes.shape;
  // A transpose alone would stay lazy in a traced step. Merging axes settles the order in memory; it moves nothing.
  return tf.reshape(tf.reshape(planes, [3 * batch, height * width]), planes.shape);
}

/** Back to `[batch, height, width, 3]`. */
export function fromPlanes(planes: Planes): Tensor4D {
  return tf.transpose(planes, [1, 2, 3, 0]);
}

/** Column `column` of draws `[batch, values]` as `[batch, 1, 1]`, one number per image. */
export function perImage(draws: Tensor, column = 0): Tensor3D {
  const batch = draws.shape[0] ?? 0;
  return tf.reshape(tf.slice(draws, [0, column], [batch, 1]), [batch, 1, 1]);
}

/** The three colors `[batch, height, width]` each. */
export function colors(planes: Planes): readonly [red: Tensor3D, green: Tensor3D, blue: Tensor3D] {
  const [, batch, height, width] = planes.shape;
  const color = (channel: number): Tensor3D =>
    tf.reshape(tf.slice(planes, [channel, 0, 0, 0], [1, batch, height, width]), [batch, height, width]);
  return [color(0), color(1), color(2)];
}
