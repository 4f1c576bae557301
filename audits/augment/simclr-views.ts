import type { Images } from '../contract/data.ts';
import { imageBytes } from '../contract/data.ts';
import { hashedImages } from '../datasets/image-hash.ts';
import type { Rng } from '../rng.ts';
import { gaussianBlur } from './blur.ts';
import { adjustBrightness, adjustContrast, adjustHue, adjustSaturation } from './color.ts';
import { resample } from './resample.ts';
import type { Rectangle } from './resample.ts';

/** Bounds of the random crop: share of the area, and width over height. Library defaults in the paper's code. */
const AREA_SHARE = [0.08, 1] as const;
const ASPECT_RATIO = [3 / 4, 4 / 3] as const;
const CROP_ATTEMPTS = 10;

const FLIP_PROBABILITY = 0.5;
const JITTER_PROBABILITY = 0.8;
/** Brightness, contrast and saturation are multiplied by 0.2 ... 1.8, the hue is turned by up to 0.2. */
const JITTER_STRENGTH = 0.8;
const HUE_TURN = 0.2;
const GRAYSCALE_PROBABILITY = 0.2;
const BLUR_SIGMA_PIXELS = [0.1, 2] as const;

/**
 * One random view of every image with the augmentations of SimCLR as the paper uses them (specification 1.2): crop and
 * resize, flip, color jitter, grayscale, blur. The victim can be asked about such views as about any image.
 * A view depends on the stream and on its image alone, so batches and their order do not matter; two views are two
 * streams.
 * @param size side of the views in pixels.
 */
export function simclrViews(images: Images, size: number, rng: Rng): Images {
  const length = size * size * 3;
  const data = new Uint8Array(images.count * length);
  for (let image = 0; image < images.count; image++) {
    const source = images.data.subarray(image * imageBytes(images), (image + 1) * imageBytes(images));
    const stream = rng.derive(images.hashes[image] ?? String(image));
    const view = simclrView(source, images.height, images.width, size, stream);
    data.set(
      view.map((value) => Math.round(value * 255)),
      image * length,
    );
  }
  return hashedImages(data, images.count, size, size);
}

/** @returns `[size, size, 3]` in [0, 1]. */
export function simclrView(
  source: Uint8Array,
  height: number,
  width: number,
  size: number,
  rng: Rng,
): Float32Array {
  const crop = drawCrop(rng, height, width);
  const pixels = resample(source, width, crop, size).map((value) => value / 255);
  if (rng.uniform() < FLIP_PROBABILITY) mirror(pixels, size);
  if (rng.uniform() < JITTER_PROBABILITY) jitter(pixels, rng);
  if (rng.uniform() < GRAYSCALE_PROBABILITY) adjustSaturation(pixels, 0);
  return gaussianBlur(pixels, size, blurKernelSize(size), between(rng, BLUR_SIGMA_PIXELS));
}

function drawCrop(rng: Rng, height: number, width: number): Rectangle {
  const [narrowest, widest] = ASPECT_RATIO;
  for (let attempt = 0; attempt < CROP_ATTEMPTS; attempt++) {
    const area = height * width * between(rng, AREA_SHARE);
    const ratio = Math.exp(between(rng, [Math.log(narrowest), Math.log(widest)]));
    const cropWidth = Math.round(Math.sqrt(area * ratio));
    const cropHeight = Math.round(Math.sqrt(area / ratio));
    if (cropWidth > 0 && cropHeight > 0 && cropWidth <= width && cropHeight <= height)
      return {
        top: rng.integer(height - cropHeight + 1),
        left: rng.integer(width - cropWidth + 1),
        height: cropHeight,
        width: cropWidth,
      };
  }
  const cropWidth = Math.max(1, Math.min(width, Math.round(height * widest)));
  const cropHeight = Math.max(1, Math.min(height, Math.round(width / narrowest)));
  return {
    top: Math.floor((height - cropHeight) / 2),
    left: Math.floor((width - cropWidth) / 2),
    height: cropHeight,
    width: cropWidth,
  };
}

/** The four color changes in random order. */
function jitter(pixels: Float32Array, rng: Rng): void {
  const factor = (): number => between(rng, [1 - JITTER_STRENGTH, 1 + JITTER_STRENGTH]);
  const changes = [
    () => adjustBrightness(pixels, factor()),
    () => adjustContrast(pixels, factor()),
    () => adjustSaturation(pixels, factor()),
    () => adjustHue(pixels, between(rng, [-HUE_TURN, HUE_TURN])),
  ];
  for (const at of rng.permutation(changes.length)) changes[at]?.();
}

function mirror(pixels: Float32Array, size: number): void {
  const original = pixels.slice();
  for (let y = 0; y < size; y++)
    for (let x = 0; x < size; x++) {
      const from = (y * size + x) * 3;
      pixels.set(original.subarray(from, from + 3), (y * size + size - 1 - x) * 3);
    }
}

/** A tenth of the side, made odd: 3 at 32 pixels, 23 at 224. */
function blurKernelSize(size: number): number {
  return 2 * Math.floor(Math.floor(0.1 * size) / 2) + 1;
}

function between(rng: Rng, [low, high]: readonly [number, number]): number {
  return low + (high - low) * rng.uniform();
}
