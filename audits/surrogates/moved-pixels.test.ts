import { expect, test } from 'vitest';
import { hashedImages } from '../datasets/image-hash.ts';
import { movedPixels } from './moved-pixels.ts';

test('pixels move by the sign of the gradient they are seen with, and stay bytes', () => {
  const image = hashedImages(Uint8Array.from([0, 100, 250, 0, 100, 250, 0, 100, 250, 0, 100, 250]), 1, 2, 2);
  expect([...movedPixels(image, Float32Array.from([-3, 0, 0.1]), 1, 25.5)]).toEqual(
    [0, 1, 2, 3].flatMap(() => [0, 100, 255]),
  );
});
