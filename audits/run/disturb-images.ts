import { imageBytes, type Images } from '../contract/data.ts';
import { hashedImages } from '../datasets/image-hash.ts';
import type { Rng } from '../rng.ts';

/**
 * Copies of the first images with noise on every pixel: image 0's copies first, then image 1's. Pixels are bytes, and the noise
 * of the tests is finer than one of 255 levels, so a value between two levels becomes the upper one as often as it is near it:
 * the mean is right, and a deviation below half a level comes out larger (0.26 levels as 0.45).
 * @param draw noise of one pixel, in levels
 */
export function disturbImages(
  images: Images,
  {
    count,
    perImage,
    draw,
  }: { readonly count: number; readonly perImage: number; readonly draw: (rng: Rng) => number },
  rng: Rng,
): Images {
  const size = imageBytes(images);
  const taken = Math.min(count, images.count);
  const data = new Uint8Array(taken * perImage * size);
  for (let copy = 0, at = 0; copy < taken * perImage; copy++) {
    const start = Math.floor(copy / perImage) * size;
    for (let i = 0; i < size; i++, at++) {
      const level = (images.data[start + i] ?? 0) + draw(rng);
      data[at] = Math.min(255, Math.max(0, Math.floor(level + rng.uniform())));
    }
  }
  return hashedImages(data, taken * perImage, images.height, images.width);
}
