import { z } from 'zod';
import type { AugmentationSet } from './augmentation.ts';
import { writePixels } from './pixels.ts';

const parameters = z.object({});

/** Images as they are. */
export const noAugmentation: AugmentationSet<typeof parameters> = {
  id: 'none',
  summary: 'Images as they are.',
  source: 'The baseline.',
  parameters,
  open: () => ({
    draws: {},
    drawImage: () => ({}),
    apply: (images) => images,
    applyOnHost: (source, target) => writePixels(source, target),
  }),
};
