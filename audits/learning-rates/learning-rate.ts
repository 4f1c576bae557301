import type { ScheduleId } from '../contract/method.ts';

/** Where a training stands. */
export interface TrainingPosition {
  /** Counted from 0 over the whole training. */
  readonly step: number;
  readonly stepsPerEpoch: number;
  readonly epochs: number;
}

/**
 * A schedule as a pure function of the position alone, so that a resumed training goes on with the very rate it would
 * have had. Computed on the host in double precision and fed to the step, which is never compiled again.
 */
export interface LearningRateSchedule {
  /** kebab-case; equals the file name and the value of the `schedule` setting. */
  readonly id: ScheduleId;
  readonly summary: string;
  /** The rate of the step at `position` for a rate of `peak` at the start. */
  rate(peak: number, position: TrainingPosition): number;
}

/** The epoch in which a step lies, counted from 0. */
export function epochOf({ step, stepsPerEpoch }: TrainingPosition): number {
  return Math.floor(step / stepsPerEpoch);
}
