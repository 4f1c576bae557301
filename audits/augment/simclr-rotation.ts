import { z } from 'zod';
import { affine, rotation } from './affine.ts';
import type { AugmentationSet } from './augmentation.ts';
import { fromPlanes, toPlanes } from './planes.ts';
import { openSimclrViews, simclrParameters } from './simclr-views.ts';

const parameters = z.object({
  /** Largest turn, against the clock; turns are uniform from 0. */
  degrees: z.number().positive().max(360).default(360),
});

const views = openSimclrViews(simclrParameters.parse({}));

/** SimCLR's views, turned besides: the nearest pixel, black where it comes from outside. */
export const simclrRotation: AugmentationSet<typeof parameters> = {
  id: 'simclr-rotation',
  summary: 'SimCLR’s views, each turned around its center by any angle.',
  source:
    'Queries with rotations of Dziedzic et al., ICML 2022 (paper-spec 6.12); torchvision’s `rotate` by default.',
  parameters,
  open({ degrees }) {
    return {
      draws: { ...views.draws, turn: 6 },
      drawImage: (rng, size) => ({
        ...views.drawImage(rng, size),
        turn: rotation(degrees * rng.uniform()),
      }),
      apply: (images, draw) =>
        fromPlanes(affine(toPlanes(views.apply(images, draw)), draw('turn'), 'nearest')),
    };
  },
};
