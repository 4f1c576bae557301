import { z } from 'zod';
import type { AugmentationSet } from './augmentation.ts';
import { blend, grayscale, noBlend } from './blend.ts';
import { colorJitter, drawJitter, jitterDraws, noJitter } from './color-jitter.ts';
import { horizontalFlip } from './horizontal-flip.ts';
import { fromPlanes, toPlanes } from './planes.ts';
import { probability, strength } from './schema.ts';

const parameters = z.object({
  flip: probability.default(0.5),
  jitter: probability.default(0.8),
  brightness: strength.default(0.4),
  contrast: strength.default(0.4),
  saturation: strength.default(0.4),
  /** Largest turn of the hue, as a share of the circle. */
  hue: z.number().min(0).max(0.5).default(0.1),
  grayscale: probability.default(0.2),
});

/** What StolenEncoder does to its own copies of a queried image: no crop, so that the reply still fits. */
export const stolenEncoder: AugmentationSet<typeof parameters> = {
  id: 'stolen-encoder',
  summary: 'Flip, color jitter in random order, grayscale.',
  source: 'Liu et al., CCS 2022, as in their code (`finetune_transform`, whose crop is switched off).',
  parameters,
  open(chosen) {
    return {
      draws: { flip: 1, ...jitterDraws, grayscale: 3 },
      drawImage: (rng) => ({
        flip: [Number(rng.uniform() < chosen.flip)],
        ...(rng.uniform() < chosen.jitter ? drawJitter(rng, chosen) : noJitter),
        grayscale: rng.uniform() < chosen.grayscale ? grayscale : noBlend,
      }),
      apply(images, draw) {
        const flipped = horizontalFlip(toPlanes(images), draw('flip'));
        const jitter = { before: draw('before'), hue: draw('hue'), after: draw('after') };
        return fromPlanes(blend(colorJitter(flipped, jitter), draw('grayscale')));
      },
    };
  },
};
