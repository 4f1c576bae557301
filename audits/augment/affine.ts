import { tf } from '../tensor/ops.ts';
import type { Tensor, Tensor3D } from '../tensor/ops.ts';
import { perImage, toPlanes } from './planes.ts';
import type { Planes } from './planes.ts';

export type Interpolation = 'nearest' | 'bilinear';

/**
 * Where an output pixel comes from: `x = a * column + b * row + c`, `y = d * column + e * row + f`, in pixels from the
 * image's center to pixel centers, right and down.
 */
export type InverseAffine = readonly [a: number, b: number, c: number, d: number, e: number, f: number];

export const noAffine: InverseAffine = [1, 0, 0, 0, 1, 0];

/** By degrees against the clock around the center; torchvision's `rotate`. */
export function rotation(degrees: number): InverseAffine {
  const angle = (degrees * Math.PI) / 180;
  return [Math.cos(angle), -Math.sin(angle), 0, Math.sin(angle), Math.cos(angle), 0];
}

/** Rotation, shear or move of each image, black where it comes from outside; torchvision's `affine`. */
export function affine(planes: Planes, inverse: Tensor, interpolation: Interpolation): Planes {
  const [, batch, height, width] = planes.shape;
  const columns = fromCenter(width, [1, 1, width]);
  const rows = fromCenter(height, [1, height, 1]);
  const place = (first: number, size: number): Tensor3D => {
    const linear = tf.add(
      tf.mul(columns, perImage(inverse, first)),
      tf.mul(rows, perImage(inverse, first + 1)),
    );
    const pixel = tf.add(tf.add(linear, perImage(inverse, first + 2)), (size - 1) / 2);
    // One pixel outside is as black as a hundred.
    return tf.clipByValue(pixel, -1, size) as Tensor3D;
  };
  const look = lookUp(planes);
  const [x, y] = [place(0, width), place(3, height)];
  if (interpolation === 'nearest') return look(tf.round(x), tf.round(y));
  const [left, top]: readonly [Tensor3D, Tensor3D] = [tf.floor(x), tf.floor(y)];
  const [right, below] = [tf.sub(x, left), tf.sub(y, top)];
  const row = (down: number): Planes => {
    const line: Tensor3D = tf.add(top, down);
    const [first, second] = [look(left, line), look(tf.add(left, 1), line)];
    return tf.add(first, tf.mul(tf.sub(second, first), right));
  };
  const [upper, lower] = [row(0), row(1)];
  return tf.reshape(tf.add(upper, tf.mul(tf.sub(lower, upper), below)), [3, batch, height, width]);
}

function fromCenter(size: number, shape: [number, number, number]): Tensor3D {
  return tf.reshape(tf.sub(tf.range(0, size), (size - 1) / 2), shape);
}

/** Reads pixels by column and row, both `[batch, height, width]` from -1 to one beyond the size, black outside. */
function lookUp(planes: Planes): (column: Tensor3D, row: Tensor3D) => Planes {
  const [, batch, height, width] = planes.shape;
  const stride = width + 3;
  const area = (height + 3) * stride;
  const framed = tf.pad(planes, [[0, 0], [0, 0], [1, 2], [1, 2]]); // prettier-ignore
  // Colors side by side: one read brings all three.
  const pixels = tf.reshape(tf.transpose(framed, [1, 2, 3, 0]), [batch * area, 3]);
  const first = tf.reshape(tf.range(0, batch * area, area, 'int32'), [batch, 1, 1]);
  return (column, row) => {
    const within = tf.add(tf.mul(tf.add(row, 1), stride), tf.add(column, 1));
    // Whole numbers beyond 2 ^ 24, which large batches reach, are not exact in float32.
    const index = tf.reshape(tf.add(tf.cast(within, 'int32'), first), [-1]);
    return toPlanes(tf.reshape(tf.gather(pixels, index), [batch, height, width, 3]));
  };
}
