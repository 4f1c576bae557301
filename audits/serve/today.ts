import type { Clock } from '../contract/context.ts';

/** `YYYY-MM-DD` in UTC, by which acceptances end. */
export function today(clock: Clock): string {
  return new Date(clock.now()).toISOString().slice(0, 10);
}
