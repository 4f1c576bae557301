import type { AugmentationSet } from './augmentation.ts';
import { openSimclrViews, simclrParameters } from './simclr-views.ts';

export const simclr: AugmentationSet<typeof simclrParameters> = {
  id: 'simclr',
  summary: 'Random resized crop, flip, color jitter in random order, grayscale, Gaussian blur.',
  source:
    'Chen et al., ICML 2020, appendix A, with the parameters of Dziedzic et al., ICML 2022 (their code always blurs).',
  parameters: simclrParameters,
  open: openSimclrViews,
};
