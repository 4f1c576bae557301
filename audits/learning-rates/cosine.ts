import type { LearningRateSchedule } from './learning-rate.ts';

/** From the peak down to 0 along half a cosine, without restarts (Loshchilov and Hutter, ICLR 2017). */
export const cosine: LearningRateSchedule = {
  id: 'cosine',
  summary: 'Down to 0 along half a cosine, step by step.',
  rate: (peak, { step, stepsPerEpoch, epochs }) =>
    0.5 * peak * (1 + Math.cos((Math.PI * step) / (stepsPerEpoch * epochs))),
};
