import type { Images } from '../contract/data.ts';
import { imageBytes } from '../contract/data.ts';
import { resample } from '../augment/resample.ts';

/**
 * Pixels at another square size, aspect ratio not kept: the surrogate's own preprocessing, apart from the victim's.
 * @returns bytes `[count, size, size, 3]`; the given bytes themselves when the size is already right.
 */
export function resizePixels(images: Images, size: number): Uint8Array {
  const { height, width } = images;
  if (height === size && width === size) return images.data;
  const length = size * size * 3;
  const result = new Uint8Array(images.count * length);
  for (let image = 0; image < images.count; image++) {
    const source = images.data.subarray(image * imageBytes(images), (image + 1) * imageBytes(images));
    const resized = resample(source, width, { top: 0, left: 0, height, width }, size);
    result.set(
      resized.map((value) => Math.round(value)),
      image * length,
    );
  }
  return result;
}
