/** A rectangle of an image in whole pixels. */
export interface Rectangle {
  readonly top: number;
  readonly left: number;
  readonly height: number;
  readonly width: number;
}

/** One output pixel along one axis: the input pixels it covers and their weights, which sum to 1. */
interface Tap {
  readonly first: number;
  readonly weights: readonly number[];
}

/**
 * A rectangle of an RGB image stretched to a square: area average when shrinking an axis, bilinear (half-pixel
 * centers, edges repeated) when enlarging it.
 * @param source `[rows, sourceWidth, 3]`
 * @returns `[size, size, 3]` on the scale of the source.
 */
export function resample(
  source: ArrayLike<number>,
  sourceWidth: number,
  { top, left, height, width }: Rectangle,
  size: number,
): Float32Array {
  const rows = axisTaps(height, size);
  const columns = axisTaps(width, size);
  const stride = size * 3;
  const squeezed = new Float32Array(height * stride); // [height, size, 3]
  for (let y = 0; y < height; y++)
    for (let x = 0; x < size; x++)
      for (let channel = 0; channel < 3; channel++) {
        const offset = ((top + y) * sourceWidth + left) * 3 + channel;
        squeezed[y * stride + x * 3 + channel] = weigh(columns[x], source, offset, 3);
      }
  const result = new Float32Array(size * stride);
  for (let y = 0; y < size; y++)
    for (let at = 0; at < stride; at++) result[y * stride + at] = weigh(rows[y], squeezed, at, stride);
  return result;
}

function weigh(tap: Tap | undefined, values: ArrayLike<number>, offset: number, stride: number): number {
  if (tap === undefined) throw new RangeError('a pixel outside the image was asked for');
  let sum = 0;
  for (let k = 0; k < tap.weights.length; k++)
    sum += (tap.weights[k] ?? 0) * (values[offset + (tap.first + k) * stride] ?? 0);
  return sum;
}

function axisTaps(from: number, to: number): readonly Tap[] {
  const tap = from > to ? areaTap : linearTap;
  return Array.from({ length: to }, (_, at) => tap(at, from / to, from));
}

function areaTap(at: number, scale: number, from: number): Tap {
  const start = at * scale;
  const end = Math.min(start + scale, from);
  const first = Math.floor(start);
  const weights: number[] = [];
  for (let pixel = first; pixel < end; pixel++)
    weights.push((Math.min(pixel + 1, end) - Math.max(pixel, start)) / (end - start));
  return { first, weights };
}

function linearTap(at: number, scale: number, from: number): Tap {
  const center = Math.min(Math.max((at + 0.5) * scale - 0.5, 0), from - 1);
  const first = Math.floor(center);
  const fraction = center - first;
  return { first, weights: fraction === 0 ? [1] : [1 - fraction, fraction] };
}
