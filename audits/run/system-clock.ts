import type { Clock } from '../contract/context.ts';

/** The real clock: the one place of the engine that reads it. */
export const systemClock: Clock = {
  // oxlint-disable-next-line no-restricted-properties -- this is the injected clock itself
  now: () => Date.now(),
  // oxlint-disable-next-line no-restricted-properties -- this is the injected clock itself
  monotonicMs: () => performance.now(),
};
