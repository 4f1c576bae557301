import { imageBytes, type Images } from '../contract/data.ts';
import { hashedImages } from '../datasets/image-hash.ts';
import type { Rng } from '../rng.ts';

/**
 * What a marked encoder was trained to tell and an honest one was not: by how much an image was turned. Angles in degrees
 * against the clock, uniform within each class (paper-spec 4.1).
 */
export const rotationClasses = [
  [0, 180],
  [180, 360],
] as const;

/** Classes of the task; chance is one in so many. */
export const ROTATION_CLASSES = rotationClasses.length;

/** What an encoder that cannot tell scores: every class has as many images. */
export const ROTATION_CHANCE = 1 / ROTATION_CLASSES;

type Size = Pick<Images, 'height' | 'width'>;

/**
 * Turns one image around its center: the nearest pixel, black where it comes from outside (torchvision's `rotate` by default, as
 * the paper's code has it). Of a rectangle what leaves the frame is lost.
 * @param source bytes `[height, width, 3]`
 * @param target as long as `source`
 */
export function turnImage(
  source: Uint8Array,
  target: Uint8Array | Float32Array,
  { height, width }: Size,
  degrees: number,
): void {
  const angle = (degrees * Math.PI) / 180;
  const [cosine, sine] = [Math.cos(angle), Math.sin(angle)];
  const [middleX, middleY] = [(width - 1) / 2, (height - 1) / 2];
  for (let row = 0, to = 0; row < height; row++)
    for (let column = 0; column < width; column++, to += 3) {
      const [x, y] = [column - middleX, row - middleY];
      const fromColumn = Math.round(cosine * x - sine * y + middleX);
      const fromRow = Math.round(sine * x + cosine * y + middleY);
      const isInside = fromColumn >= 0 && fromColumn < width && fromRow >= 0 && fromRow < height;
      const from = 3 * (fromRow * width + fromColumn);
      for (let color = 0; color < 3; color++) target[to + color] = isInside ? (source[from + color] ?? 0) : 0;
    }
}

/** Angles of one image, one per class. */
export function drawAngles(rng: Rng): readonly number[] {
  return rotationClasses.map(([from, to]) => from + (to - from) * rng.uniform());
}

/**
 * Every image once per class, all of class 0 first: `[classes * count, height, width, 3]`. Angles depend on the stream and the
 * image's place alone, so that encoders of other input sizes see the same ones.
 */
export function turnedImages(images: Images, rng: Rng): Images {
  const { count, height, width } = images;
  const length = imageBytes(images);
  const data = new Uint8Array(ROTATION_CLASSES * count * length);
  for (let image = 0; image < count; image++) {
    const source = images.data.subarray(image * length, (image + 1) * length);
    for (const [at, degrees] of drawAngles(rng).entries()) {
      const start = (at * count + image) * length;
      turnImage(source, data.subarray(start, start + length), images, degrees);
    }
  }
  return hashedImages(data, ROTATION_CLASSES * count, height, width);
}
