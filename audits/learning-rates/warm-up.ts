import type { LearningRateSchedule, TrainingPosition } from './learning-rate.ts';

/**
 * Puts a linear rise in front of a schedule (Goyal et al. 2017, arXiv:1706.02677, section 2.2): step `i` of `n` has
 * `(i + 1) / n` of the peak, so the last one is at the peak and none is wasted at 0. The schedule then runs over what is
 * left of the training, as in SimCLR.
 * @param warmUpEpochs 0 for none; a warm-up as long as the training leaves nothing to the schedule.
 */
export function warmedUpRate(
  schedule: LearningRateSchedule,
  peak: number,
  position: TrainingPosition,
  warmUpEpochs: number,
): number {
  const { step, stepsPerEpoch, epochs } = position;
  const warmUpSteps = warmUpEpochs * stepsPerEpoch;
  if (step < warmUpSteps) return (peak * (step + 1)) / warmUpSteps;
  return schedule.rate(peak, { step: step - warmUpSteps, stepsPerEpoch, epochs: epochs - warmUpEpochs });
}
