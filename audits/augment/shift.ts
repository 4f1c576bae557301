import { tf } from '../tensor/ops.ts';
import type { Tensor, Tensor3D } from '../tensor/ops.ts';
import { perImage } from './planes.ts';
import type { Planes } from './planes.ts';
import { mapAxes } from './separable.ts';

/**
 * Mirrors images left to right and then moves them by whole pixels.
 * @param flips `[batch, 1]`: 1 mirrors, 0 does not.
 * @param moves `[batch, 2]`: pixels to the right and down.
 * @param border what comes in: `edge` repeats the border's pixels, `zero` is black, as in a random crop of an image
 * with a black margin.
 */
export function flipAndShift(planes: Planes, flips: Tensor, moves: Tensor, border: 'edge' | 'zero'): Planes {
  const [, , height, width] = planes.shape;
  const rows = movedFrom(perImage(moves, 1), height, border);
  const columns = movedFrom(perImage(moves, 0), width, border);
  const mirrored = tf.sub(width - 1, columns);
  const across: Tensor3D = tf.add(columns, tf.mul(perImage(flips), tf.sub(mirrored, columns)));
  return mapAxes(planes, oneHot(rows, height), oneHot(across, width));
}

/** The pixel of the input that each pixel of the output shows: `[batch, size, 1]`. */
function movedFrom(move: Tensor3D, size: number, border: 'edge' | 'zero'): Tensor3D {
  const places: Tensor3D = tf.sub(tf.reshape(tf.range(0, size), [1, size, 1]), move);
  return border === 'edge' ? tf.clipByValue(places, 0, size - 1) : places;
}

/** `[batch, size, size]`: 1 where the input pixel is the wanted one; a place outside the image gives a row of zeros. */
function oneHot(places: Tensor3D, size: number): Tensor3D {
  const pixels = tf.reshape(tf.range(0, size), [1, 1, size]);
  return tf.cast(tf.equal(places, pixels), 'float32');
}
