import { epochOf } from './learning-rate.ts';
import type { LearningRateSchedule } from './learning-rate.ts';

/** Shares of the epochs after which the rate falls, and what is left of it each time. */
const MILESTONES = [0.5, 0.75] as const;
const FACTOR = 0.1;

/** A tenth after half of the epochs and again after three quarters (He et al., CVPR 2016, section 4.2, CIFAR-10). */
export const stepDecay: LearningRateSchedule = {
  id: 'step-decay',
  summary: 'A tenth of the rate after half, and again after three quarters of the epochs.',
  rate(peak, position) {
    const passed = MILESTONES.filter((share) => epochOf(position) >= share * position.epochs);
    return peak * FACTOR ** passed.length;
  },
};
