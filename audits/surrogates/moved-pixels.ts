import { imageBytes, type Images } from '../contract/data.ts';

/**
 * `x + step * sign(gradient)`, within 0 and 255. Where the surrogate sees smaller images, a pixel takes the gradient of the
 * surrogate's pixel it lies in: its own gradient up to a positive factor wherever one side divides the other.
 * @param gradients `[images.count, size, size, 3]`
 * @param step in grey levels
 */
export function movedPixels(images: Images, gradients: Float32Array, size: number, step: number): Uint8Array {
  const { height, width } = images;
  const result = new Uint8Array(images.data.length);
  for (let image = 0; image < images.count; image++)
    for (let y = 0; y < height; y++)
      for (let x = 0; x < width; x++)
        for (let channel = 0; channel < 3; channel++) {
          const at = image * imageBytes(images) + (y * width + x) * 3 + channel;
          const seen = Math.floor((y * size) / height) * size + Math.floor((x * size) / width);
          const gradient = gradients[(image * size * size + seen) * 3 + channel] ?? 0;
          const moved = Math.round((images.data[at] ?? 0) + step * Math.sign(gradient));
          result[at] = Math.min(255, Math.max(0, moved));
        }
  return result;
}
