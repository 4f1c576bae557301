import { z } from 'zod';
import type { Augmentation } from './augmentation.ts';
import { between } from './between.ts';
import { blend, grayscale, noBlend } from './blend.ts';
import { colorJitter, drawJitter, jitterDraws, noJitter } from './color-jitter.ts';
import { drawCropBox } from './crop-box.ts';
import { gaussianBlur } from './gaussian-blur.ts';
import { fromPlanes, toPlanes } from './planes.ts';
import { resizedCrop } from './resized-crop.ts';
import { probability, range, strength } from './schema.ts';

export const simclrParameters = z.object({
  /** Share of the image's area in the crop, and width over height: torchvision's defaults. */
  areaShare: range.default([0.08, 1]),
  aspectRatio: range.default([3 / 4, 4 / 3]),
  flip: probability.default(0.5),
  jitter: probability.default(0.8),
  brightness: strength.default(0.8),
  contrast: strength.default(0.8),
  saturation: strength.default(0.8),
  /** Largest turn of the hue, as a share of the circle. */
  hue: z.number().min(0).max(0.5).default(0.2),
  grayscale: probability.default(0.2),
  blur: probability.default(1),
  /** In pixels. */
  blurSigma: range.default([0.1, 2]),
});

/**
 * SimCLR's views: crop and resize, flip, color jitter, grayscale, blur.
 * The blur's kernel is a tenth of the side, made odd: 3 pixels at 32, 23 at 224.
 */
export function openSimclrViews(chosen: z.infer<typeof simclrParameters>): Augmentation {
  return {
    draws: { crop: 4, flip: 1, ...jitterDraws, grayscale: 3, sigma: 1 },
    drawImage: (rng, size) => ({
      crop: drawCropBox(rng, size, size, chosen),
      flip: [Number(rng.uniform() < chosen.flip)],
      ...(rng.uniform() < chosen.jitter ? drawJitter(rng, chosen) : noJitter),
      grayscale: rng.uniform() < chosen.grayscale ? grayscale : noBlend,
      sigma: [chosen.blur === 1 || rng.uniform() < chosen.blur ? between(rng, chosen.blurSigma) : 0],
    }),
    apply(images, draw) {
      const size = images.shape[1];
      const cropped = resizedCrop(toPlanes(images), draw('crop'), size, draw('flip'));
      const jitter = { before: draw('before'), hue: draw('hue'), after: draw('after') };
      const colored = blend(colorJitter(cropped, jitter), draw('grayscale'));
      return fromPlanes(gaussianBlur(colored, draw('sigma'), blurKernelSize(size)));
    },
  };
}

function blurKernelSize(size: number): number {
  return 2 * Math.floor(Math.floor(0.1 * size) / 2) + 1;
}
