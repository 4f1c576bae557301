import type { Clock } from '../contract/context.ts';
import type { CompiledStep, StepValues } from '../contract/engine.ts';

/** When a training ends: after whole epochs, or in a time, for which the number of steps is measured first. */
export type TrainingLength =
  | { readonly kind: 'epochs'; readonly epochs: number }
  | { readonly kind: 'time'; readonly milliseconds: number };

/**
 * Share of a time that steps are planned for: what is left is for looking at the encoder, for checkpoints, and for a machine
 * that gets slower; a training that was planned too long ends on time, but before its learning rate has come down.
 */
const PLANNED_SHARE = 0.85;
/** Steps whose time is measured; the one before them also pays for what a first run prepares. */
const TIMED_STEPS = 8;
/** Of the whole time, measuring may take so much. */
const MEASURING_SHARE = 0.05;

/**
 * How many steps fit into what is left of a time, at least 1. The steps it runs to find out change the state of `compiled`:
 * the caller writes the first state again.
 * @param inputs of steps, one after the other
 */
export async function stepsWithin(
  milliseconds: number,
  compiled: CompiledStep,
  inputs: Iterable<StepValues>,
  clock: Clock,
): Promise<number> {
  const startedMs = clock.monotonicMs();
  let timedFromMs = startedMs;
  let timed = -1;
  for (const each of inputs) {
    await compiled.run(each);
    timed += 1;
    if (timed === 0) timedFromMs = clock.monotonicMs();
    else if (timed >= TIMED_STEPS || clock.monotonicMs() - startedMs > MEASURING_SHARE * milliseconds) break;
  }
  const nowMs = clock.monotonicMs();
  // A time that is over before a second step is measured by its first.
  const perStepMs = timed > 0 ? (nowMs - timedFromMs) / timed : nowMs - startedMs;
  const leftMs = milliseconds - (nowMs - startedMs);
  return Math.max(1, Math.floor((PLANNED_SHARE * leftMs) / Math.max(perStepMs, 1e-3)));
}
