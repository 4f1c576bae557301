import { epochOf } from './learning-rate.ts';
import type { LearningRateSchedule } from './learning-rate.ts';

/** Epochs at the full rate before the first step down. */
const PLATEAU_EPOCHS = 10;

/**
 * The schedule of the paper's code (specification 2.1): eleven epochs at the full rate, then one step of a cosine per
 * epoch, of which the half period is the number of batches in an epoch rather than the number of epochs. With 35
 * batches the rate reaches 0 in epoch 45, climbs back to its peak at epoch 80 and falls again: reproduce the paper
 * with it, and train with `cosine`.
 */
export const lateCosine: LearningRateSchedule = {
  id: 'late-cosine',
  summary: 'As coded by the paper: ten epochs constant, then a cosine per epoch that may rise again.',
  rate(peak, position) {
    const past = Math.max(0, epochOf(position) - PLATEAU_EPOCHS);
    return 0.5 * peak * (1 + Math.cos((Math.PI * past) / position.stepsPerEpoch));
  },
};
