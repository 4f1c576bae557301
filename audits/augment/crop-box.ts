import type { Rng } from '../rng.ts';
import { between } from './between.ts';

/** How many times a rectangle that does not fit is drawn again. */
const ATTEMPTS = 10;

/** Bounds of a random rectangle: share of the image's area, and width over height. */
export interface CropBounds {
  readonly areaShare: readonly [number, number];
  readonly aspectRatio: readonly [number, number];
}

/** A rectangle of an image in whole pixels. */
export type CropBox = readonly [top: number, left: number, height: number, width: number];

/** A random rectangle as `RandomResizedCrop` of torchvision draws it; the largest central one where none fits. */
export function drawCropBox(
  rng: Rng,
  height: number,
  width: number,
  { areaShare, aspectRatio }: CropBounds,
): CropBox {
  const [narrowest, widest] = aspectRatio;
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const area = height * width * between(rng, areaShare);
    const ratio = Math.exp(between(rng, [Math.log(narrowest), Math.log(widest)]));
    const cropWidth = Math.round(Math.sqrt(area * ratio));
    const cropHeight = Math.round(Math.sqrt(area / ratio));
    if (cropWidth > 0 && cropHeight > 0 && cropWidth <= width && cropHeight <= height)
      return [
        rng.integer(height - cropHeight + 1),
        rng.integer(width - cropWidth + 1),
        cropHeight,
        cropWidth,
      ];
  }
  const cropWidth = Math.max(1, Math.min(width, Math.round(height * widest)));
  const cropHeight = Math.max(1, Math.min(height, Math.round(width / narrowest)));
  return [Math.floor((height - cropHeight) / 2), Math.floor((width - cropWidth) / 2), cropHeight, cropWidth];
}
