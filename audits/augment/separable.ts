import { tf } from '../tensor/ops.ts';
import type { Tensor3D } from '../tensor/ops.ts';
import type { Planes } from './planes.ts';

/**
 * Applies a linear operator along each axis of every image: crop, resize, flip, shift and blur all are of this kind, and
 * as two batched matrix products they have static shapes whatever was drawn.
 * @param rows `[batch or 1, newHeight, height]`
 * @param columns `[batch or 1, newWidth, width]`
 * @returns `[3, batch, newHeight, newWidth]`
 */
export function mapAxes(planes: Planes, rows: Tensor3D, columns: Tensor3D): Planes {
  const forEachColor = (operator: Tensor3D): Planes => tf.reshape(operator, [1, ...operator.shape]);
  return tf.matMul(tf.matMul(forEachColor(rows), planes), forEachColor(columns), false, true);
}
