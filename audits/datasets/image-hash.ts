import { createHash } from 'node:crypto';
import { imageBytes, type Images } from '../contract/data.ts';

/** An image's identity: SHA-256 (hex) of its size and its decoded RGB pixels. */
export function hashImage(pixels: Uint8Array, height: number, width: number): string {
  return createHash('sha256').update(`${height}x${width}x3:`).update(pixels).digest('hex');
}

/** Wraps RGB pixels `[count, height, width, 3]` and computes every image's identity. */
export function hashedImages(data: Uint8Array, count: number, height: number, width: number): Images {
  const size = imageBytes({ height, width });
  if (data.length !== count * size)
    throw new RangeError(
      `${count} images of ${height} x ${width} need ${count * size} bytes, got ${data.length}`,
    );
  const hashes = Array.from({ length: count }, (_, i) =>
    hashImage(data.subarray(i * size, (i + 1) * size), height, width),
  );
  return { data, count, height, width, hashes };
}

/** Identity of a set: its images in this order, and their labels when they matter. */
export function digestImages(images: Pick<Images, 'hashes'>, labels?: ArrayLike<number>): string {
  const hash = createHash('sha256');
  images.hashes.forEach((image, i) => hash.update(labels ? `${image} ${labels[i] ?? ''}\n` : `${image}\n`));
  return hash.digest('hex');
}
