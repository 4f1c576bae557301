import type { Clock, Log } from '../contract/context.ts';
import { MoatError } from '../contract/errors.ts';
import type { RunEvent } from '../contract/events.ts';
import type { Store } from '../store/types.ts';
import type { StartWorker } from './worker-host.ts';

export interface RunOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Log;
  /** Aborting stops at the next safe point; everything finished is kept. */
  readonly signal: AbortSignal;
  onEvent(event: RunEvent): void;
  readonly moatVersion: string;
  /** Why a new audit computes where it does; one sentence, kept with it. */
  readonly deviceReason?: string;
  readonly startWorker?: StartWorker | undefined;
  /** Of `clock.monotonicMs`, when the command began: a time limit counts from there. Default: when the run begins. */
  readonly beganAtMs?: number;
}

/** A cell in progress gets this long to reach a safe point after a cancel before its process is ended. */
export const CANCEL_GRACE_MS = 5000;
export const TICK_MS = 250;
/** For timers: an error there (a busy database, say) is logged and the run goes on. */
export function guarded(log: Log, action: () => unknown): void {
  try {
    action();
  } catch (error) {
    log.warning(`a look at the database failed and is tried again: ${MoatError.from(error).message}`);
  }
}

/** ISO 8601, UTC. */
export function timestamp(clock: Clock): string {
  return new Date(clock.now()).toISOString();
}
