import { expect, test } from 'vitest';
import { hashedImages } from '../datasets/image-hash.ts';
import { resizePixels } from './resize.ts';

test('every image is resized by itself, channels apart, rounded to bytes', () => {
  // Two images of 2 x 4: columns 0 10 20 31 in red for the first, constant blue for the second.
  const first = [0, 10, 20, 31].flatMap((red) => [red, 0, 0]);
  const second = Array.from({ length: 4 }, () => [0, 0, 200]).flat();
  const images = hashedImages(Uint8Array.from([...first, ...first, ...second, ...second]), 2, 2, 4);
  const resized = resizePixels(images, 2);
  expect([...resized.subarray(0, 6)]).toEqual([5, 0, 0, 26, 0, 0]);
  expect([...resized.subarray(12)]).toEqual([0, 0, 200, 0, 0, 200, 0, 0, 200, 0, 0, 200]);
});

test('images of the right size are taken as they are', () => {
  const images = hashedImages(
    Uint8Array.from({ length: 12 }, (_, at) => at),
    1,
    2,
    2,
  );
  expect(resizePixels(images, 2)).toBe(images.data);
});
