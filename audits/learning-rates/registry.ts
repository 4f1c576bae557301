import { MoatError } from '../contract/errors.ts';
import { scheduleIds } from '../contract/method.ts';
import { constant } from './constant.ts';
import { cosine } from './cosine.ts';
import { lateCosine } from './late-cosine.ts';
import type { LearningRateSchedule } from './learning-rate.ts';
import { stepDecay } from './step-decay.ts';

/** Every way a learning rate can move during a training. */
export const schedules: readonly LearningRateSchedule[] = [cosine, constant, stepDecay, lateCosine];

/** @throws MoatError `method-unknown` with the known ids. */
export function findSchedule(id: string): LearningRateSchedule {
  const schedule = schedules.find((candidate) => candidate.id === id);
  if (schedule === undefined)
    throw new MoatError(
      'method-unknown',
      `There is no schedule "${id}"; there are ${scheduleIds.join(', ')}.`,
    );
  return schedule;
}
