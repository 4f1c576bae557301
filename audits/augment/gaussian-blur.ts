import { tf } from '../tensor/ops.ts';
import type { Tensor, Tensor2D, Tensor3D } from '../tensor/ops.ts';
import type { Planes } from './planes.ts';
import { mapAxes } from './separable.ts';

/** Below it a Gaussian has no weight beside its center pixel, in float32. */
const NARROWEST = 0.03;

/**
 * Gaussian blur with reflected borders (the edge pixel itself is not repeated): torchvision's `gaussian_blur`.
 * @param sigmas `[batch, 1]` in pixels; 0 leaves the image as it is.
 * @param kernelSize odd, in pixels, less than twice the image's side.
 */
export function gaussianBlur(planes: Planes, sigmas: Tensor, kernelSize: number): Planes {
  const [, batch, height, width] = planes.shape;
  const reach = (kernelSize - 1) / 2;
  const distances = tf.sub(tf.range(0, kernelSize), reach);
  const widths = tf.maximum(tf.reshape(sigmas, [batch, 1]), NARROWEST);
  const values = tf.exp(tf.neg(tf.div(tf.square(tf.div(distances, widths)), 2))); // [batch, kernelSize]
  const kernels: Tensor2D = tf.div(values, tf.sum(values, 1, true));
  const rows = spread(kernels, height);
  return mapAxes(planes, rows, height === width ? rows : spread(kernels, width));
}

/** The operator of each kernel along an axis: `[batch, size, size]`. */
function spread(kernels: Tensor2D, size: number): Tensor3D {
  const [batch, kernelSize] = kernels.shape;
  const reach = (kernelSize - 1) / 2;
  // For each tap the pixel that every pixel sees through it: constant, since the border's reflection is.
  const taps = new Float32Array(kernelSize * size * size);
  for (let tap = 0; tap < kernelSize; tap++)
    for (let pixel = 0; pixel < size; pixel++)
      taps[(tap * size + pixel) * size + reflect(pixel + tap - reach, size)] = 1;
  const operators = tf.matMul(kernels, tf.tensor2d(taps, [kernelSize, size * size]));
  return tf.reshape(operators, [batch, size, size]);
}

function reflect(position: number, size: number): number {
  if (position < 0) return Math.min(-position, size - 1);
  return position < size ? position : Math.max(2 * size - 2 - position, 0);
}
