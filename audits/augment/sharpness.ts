import { tf } from '../tensor/ops.ts';
import type { Tensor, Tensor3D } from '../tensor/ops.ts';
import { perImage } from './planes.ts';
import type { Planes } from './planes.ts';
import { mapAxes } from './separable.ts';

/**
 * Towards (below 1) or away from (above 1) a smoothed image; torchvision's `adjust_sharpness`. Smoothing weighs a pixel 5
 * and its eight neighbors 1; border pixels stay.
 * @param factors `[batch, 1]`; 1 changes nothing.
 */
export function adjustSharpness(planes: Planes, factors: Tensor): Planes {
  const [, , height, width] = planes.shape;
  const squares = mapAxes(planes, neighbors(height), neighbors(width));
  const smoothed = tf.div(tf.add(squares, tf.mul(planes, 4)), 13);
  const share = tf.mul(tf.sub(1, perImage(factors)), interior(height, width));
  return tf.clipByValue(tf.add(planes, tf.mul(tf.sub(smoothed, planes), share)), 0, 1);
}

/** Sums of each pixel and the one on either side: `[1, size, size]`. */
function neighbors(size: number): Tensor3D {
  const sums = Float32Array.from({ length: size * size }, (_, at) =>
    Math.abs(Math.floor(at / size) - (at % size)) <= 1 ? 1 : 0,
  );
  return tf.tensor3d(sums, [1, size, size]);
}

/** `[1, height, width]`: 1 except along the border. */
function interior(height: number, width: number): Tensor3D {
  const inside = (place: number, size: number): boolean => place > 0 && place < size - 1;
  const mask = Float32Array.from({ length: height * width }, (_, at) =>
    inside(Math.floor(at / width), height) && inside(at % width, width) ? 1 : 0,
  );
  return tf.tensor3d(mask, [1, height, width]);
}
