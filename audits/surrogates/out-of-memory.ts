import { MoatError } from '../contract/errors.ts';
import type { TrainingStepPlan } from './training-step.ts';

/** Batch norm and contrastive losses need another row to compare with. */
const SMALLEST_BATCH = 2;

/**
 * Trains; when the device runs out of memory, again with the batch in more parts, as long as that gives the same numbers.
 * @param train with each batch in that many parts, from the last checkpoint on
 * @throws MoatError `device-out-of-memory`, with the batch to try instead where there is one
 */
export async function trainWithinMemory<Result>(
  plan: TrainingStepPlan,
  train: (parts: number) => Promise<Result>,
): Promise<Result> {
  for (let parts = 1; ;) {
    try {
      return await train(parts);
    } catch (error) {
      if (!isOutOfMemory(error)) throw error;
      const more = moreParts(plan.batchSize, parts);
      if (!isSumOfParts(plan) || more === undefined) throw asksForSmallerBatch(error, plan.batchSize);
      parts = more;
    }
  }
}

/** An error of a training that ran out of memory, with `details.smallerBatchSize` where a smaller one can be tried. */
export function asksForSmallerBatch(error: MoatError, batchSize: number): MoatError {
  const smaller = Math.floor(batchSize / 2);
  if (smaller < SMALLEST_BATCH) return error;
  return new MoatError(error.code, `A batch of ${batchSize} images does not fit the device's memory.`, {
    details: { ...error.details, batchSize, smallerBatchSize: smaller },
    cause: error,
  });
}

export function isOutOfMemory(error: unknown): error is MoatError {
  return error instanceof MoatError && error.code === 'device-out-of-memory';
}

/** A network without running statistics has no batch norm: nothing in it looks from one row to another. */
function isSumOfParts({ loss, statistics }: TrainingStepPlan): boolean {
  return loss.meanOverRows && Object.keys(statistics).length === 0;
}

/** At least twice as many parts of equal size; undefined when a part is one row already. */
function moreParts(batchSize: number, parts: number): number | undefined {
  for (let more = 2 * parts; more <= batchSize; more++) if (batchSize % more === 0) return more;
  return parts < batchSize ? batchSize : undefined;
}
