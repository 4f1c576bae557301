import type { Images } from '../contract/data.ts';
import { imageBytes } from '../contract/data.ts';

/** One output pixel along one axis: the input pixels it covers and their weights, which sum to 1. */
interface Tap {
  readonly first: number;
  readonly weights: readonly number[];
}

/**
 * Pixels at another square size: area average when shrinking an axis, bilinear (half-pixel centers, edges repeated)
 * when enlarging it. The surrogate's own preprocessing, separate from the victim's.
 * @returns bytes `[count, size, size, 3]`; the given bytes themselves when the size is already right.
 */
export function resizePixels(images: Images, size: number): Uint8Array {
  if (images.height === size && images.width === size) return images.data;
  const rows = taps(images.height, size);
  const columns = taps(images.width, size);
  const result = new Uint8Array(images.count * size * size * 3);
  const squeezed = new Float64Array(images.height * size * 3); // [height, size, 3]
  for (let image = 0; image < images.count; image++) {
    const source = images.data.subarray(image * imageBytes(images), (image + 1) * imageBytes(images));
    for (let y = 0; y < images.height; y++)
      for (let x = 0; x < size; x++)
        for (let channel = 0; channel < 3; channel++)
          squeezed[(y * size + x) * 3 + channel] = weigh(
            columns[x],
            source,
            y * images.width * 3 + channel,
            3,
          );
    const target = result.subarray(image * size * size * 3, (image + 1) * size * size * 3);
    const stride = size * 3;
    for (let y = 0; y < size; y++)
      for (let at = 0; at < stride; at++)
        target[y * stride + at] = Math.round(weigh(rows[y], squeezed, at, stride));
  }
  return result;
}

function weigh(tap: Tap | undefined, values: ArrayLike<number>, offset: number, stride: number): number {
  let sum = 0;
  if (tap !== undefined)
    for (let k = 0; k < tap.weights.length; k++)
      sum += (tap.weights[k] ?? 0) * (values[offset + (tap.first + k) * stride] ?? 0);
  return sum;
}

function taps(from: number, to: number): readonly Tap[] {
  const scale = from / to;
  return Array.from({ length: to }, (_, at) =>
    scale > 1 ? areaTap(at, scale, from) : linearTap(at, scale, from),
  );
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
