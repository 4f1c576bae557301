import type { LearningRateSchedule } from './learning-rate.ts';

export const constant: LearningRateSchedule = {
  id: 'constant',
  summary: 'The same rate in every step.',
  rate: (peak) => peak,
};
