import type { Clock } from '../contract/context.ts';
import { exitCode } from '../contract/errors.ts';

/** What Ctrl-C means: first stop at a safe point, then, when asked again, at once. */

/** npm, the bootstrap and a terminal may each deliver the same Ctrl-C: within this time they are one. */
export const SAME_PRESS_MS = 300;

/** A second Ctrl-C waits this long for the worker processes to be gone. */
export const KILL_GRACE_MS = 1000;

export type StopDecision = 'stop' | 'ignore' | 'kill';

/** @param firstAtMs when the first press came, on a clock that never jumps; null when this is it. */
export function judgeStop(firstAtMs: number | null, nowMs: number): StopDecision {
  if (firstAtMs === null) return 'stop';
  return nowMs - firstAtMs > SAME_PRESS_MS ? 'kill' : 'ignore';
}

export interface StopHandlers {
  /** Called once, on the first press. */
  onStop(): void;
  /** Called on a second, later press. */
  onKill(): void;
  readonly clock: Clock;
}

/** Listens to SIGINT and SIGTERM; returns what takes the listeners off again. */
export function listenForStop(handlers: StopHandlers): () => void {
  let firstAtMs: number | null = null;
  const listener = (): void => {
    const now = handlers.clock.monotonicMs();
    const decision = judgeStop(firstAtMs, now);
    if (decision === 'stop') {
      firstAtMs = now;
      handlers.onStop();
    } else if (decision === 'kill') handlers.onKill();
  };
  const signals = ['SIGINT', 'SIGTERM'] as const;
  for (const signal of signals) process.on(signal, listener);
  return () => {
    for (const signal of signals) process.off(signal, listener);
  };
}

/** Work that the first Ctrl-C cancels, through its signal; a second one ends the process, and with it whatever it runs. */
export async function untilStopped<T>(clock: Clock, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  const stopListening = listenForStop({
    clock,
    onStop: () => controller.abort(),
    onKill: () => process.exit(exitCode.interrupted),
  });
  try {
    return await work(controller.signal);
  } finally {
    stopListening();
  }
}
