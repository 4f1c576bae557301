import { tf } from '../tensor/ops.ts';
import type { Tensor, Tensor3D } from '../tensor/ops.ts';
import { colors, perImage } from './planes.ts';
import type { Planes } from './planes.ts';

/** Shares of the image itself, of its luminance, and of its mean luminance in what a blend makes of it. */
export type BlendWeights = readonly [image: number, luminance: number, meanLuminance: number];

/** Changes nothing (values are in [0, 1] already). */
export const noBlend: BlendWeights = [1, 0, 0];
/** Times `factor`; torchvision's `adjust_brightness`. */
export const brightness = (factor: number): BlendWeights => [factor, 0, 0];
/** Towards (below 1) or away from (above 1) the image's mean luminance; `adjust_contrast`. */
export const contrast = (factor: number): BlendWeights => [factor, 0, 1 - factor];
/** Towards (below 1) or away from (above 1) each pixel's own luminance; `adjust_saturation`. */
export const saturation = (factor: number): BlendWeights => [factor, 1 - factor, 0];
/** Luminance in all channels; `rgb_to_grayscale`. */
export const grayscale: BlendWeights = saturation(0);

/**
 * The color changes that mix an image with a gray one, clipped to [0, 1]. All of them are one operation with different
 * weights, so which one an image gets, and in which order, are numbers and not another graph.
 * @param weights `[batch, 3]`, rows as `BlendWeights`.
 */
export function blend(planes: Planes, weights: Tensor): Planes {
  const gray = luminance(planes);
  const mean: Tensor3D = tf.mean(gray, [1, 2], true);
  const added = tf.add(tf.mul(gray, perImage(weights, 1)), tf.mul(mean, perImage(weights, 2)));
  return tf.clipByValue(tf.add(tf.mul(planes, perImage(weights, 0)), added), 0, 1);
}

/** ITU-R 601 weights, as torchvision has them: `[batch, height, width]`. */
function luminance(planes: Planes): Tensor3D {
  const [red, green, blue] = colors(planes);
  return tf.add(tf.add(tf.mul(red, 0.2989), tf.mul(green, 0.587)), tf.mul(blue, 0.114));
}
