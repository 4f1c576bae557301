import { tf } from '../tensor/ops.ts';
import type { Tensor, Tensor3D } from '../tensor/ops.ts';
import { perImage } from './planes.ts';
import type { Planes } from './planes.ts';
import { mapAxes } from './separable.ts';

/**
 * A rectangle of each image stretched to a square, bilinear, antialiased when it shrinks: `resized_crop` of torchvision
 * with `antialias=True`, which on PIL images is the only way it resizes. A rectangle not larger than `size` is enlarged,
 * and then antialiasing changes nothing.
 * @param boxes `[batch, 4]`: top, left, height, width in whole pixels.
 * @param flips `[batch, 1]`: 1 mirrors the result left to right, at no cost; 0 does not.
 * @returns `[3, batch, size, size]`
 */
export function resizedCrop(planes: Planes, boxes: Tensor, size: number, flips: Tensor): Planes {
  const [, , height, width] = planes.shape;
  const [top, left, boxHeight, boxWidth] = [0, 1, 2, 3].map((column) => perImage(boxes, column)) as [
    Tensor3D,
    Tensor3D,
    Tensor3D,
    Tensor3D,
  ];
  const forward: Tensor3D = tf.reshape(tf.range(0, size), [1, size, 1]);
  const backward = tf.sub(size - 1, forward);
  const across: Tensor3D = tf.add(forward, tf.mul(perImage(flips), tf.sub(backward, forward)));
  return mapAxes(
    planes,
    stretchWeights(forward, top, boxHeight, height, size),
    stretchWeights(across, left, boxWidth, width, size),
  );
}

/**
 * Share of every input pixel in every output pixel along one axis: a triangle around the place in the input from which
 * an output pixel comes, half a pixel counted to its center, cut at the rectangle's border, of sum 1.
 * @param places `[1 or batch, size, 1]`: number of each output pixel.
 * @param start first pixel of the rectangle, and `extent` its length: `[batch, 1, 1]`.
 * @returns `[batch, size, length]`
 */
function stretchWeights(
  places: Tensor3D,
  start: Tensor3D,
  extent: Tensor3D,
  length: number,
  size: number,
): Tensor3D {
  const scale = tf.div(extent, size);
  const pixels: Tensor3D = tf.sub(tf.reshape(tf.range(0, length), [1, 1, length]), start);
  const centers = tf.sub(tf.mul(tf.add(places, 0.5), scale), 0.5);
  const distance = tf.div(tf.abs(tf.sub(centers, pixels)), tf.maximum(scale, 1));
  const isInside = tf.logicalAnd(tf.greaterEqual(pixels, 0), tf.less(pixels, extent));
  const weights: Tensor3D = tf.mul(tf.relu(tf.sub(1, distance)), tf.cast(isInside, 'float32'));
  return tf.div(weights, tf.sum(weights, 2, true));
}
