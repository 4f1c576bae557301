import { tf } from '../tensor/ops.ts';
import type { Tensor, Tensor1D, Tensor2D } from '../tensor/ops.ts';
import { perImage } from './planes.ts';
import type { Planes } from './planes.ts';

/** Values a byte can have. */
const VALUES = 256;

/**
 * Spreads the values of every channel evenly over the range by their histogram; torchvision's `equalize`, after PIL.
 * Works on bytes: values between two are rounded first.
 * @param applied `[batch, 1]`: 1 does so, 0 leaves the image as it is, unrounded.
 */
export function equalize(planes: Planes, applied: Tensor): Planes {
  const [, batch, height, width] = planes.shape;
  const histograms = 3 * batch;
  const bytes = tf.reshape(tf.round(tf.mul(planes, 255)), [histograms, height * width]);
  const first = tf.reshape(tf.range(0, histograms * VALUES, VALUES, 'int32'), [histograms, 1]);
  const index = tf.reshape(tf.add(tf.cast(bytes, 'int32'), first), [-1]) as Tensor1D;
  const counts = tf.bincount(index, tf.ones(index.shape), histograms * VALUES);
  const table = lookUpTables(tf.reshape(counts, [histograms, VALUES]));
  const spread = tf.reshape(tf.gather(tf.reshape(table, [-1]), index), planes.shape);
  return tf.where(tf.greater(perImage(applied), 0.5), tf.div(spread, 255), planes);
}

/**
 * What becomes of each byte, `[rows, 256]`: `(pixels below it + step / 2) / step` in whole numbers, where `step` is the
 * number of pixels darker than the brightest value, over 255. A row whose step is 0 keeps its values.
 */
function lookUpTables(counts: Tensor2D): Tensor2D {
  const values = tf.range(0, VALUES);
  const occurs = tf.cast(tf.greater(counts, 0), 'float32');
  const brightest = tf.max(tf.mul(occurs, values), 1, true);
  const darker = tf.sum(tf.mul(counts, tf.cast(tf.less(values, brightest), 'float32')), 1, true);
  const step = quotient(darker, 255);
  const below = tf.sub(tf.cumsum(counts, 1), counts);
  const spread = quotient(tf.add(below, quotient(step, 2)), tf.maximum(step, 1));
  const isKept = tf.equal(step, 0);
  return tf.where(isKept, tf.add(tf.zerosLike(counts), values), tf.clipByValue(spread, 0, 255)) as Tensor2D;
}

/** Whole part of a quotient of whole numbers: half a unit away from where rounding could decide. */
function quotient(numerator: Tensor, denominator: Tensor | number): Tensor {
  return tf.floor(tf.div(tf.add(numerator, 0.5), denominator));
}
