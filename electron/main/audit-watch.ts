import type { AuditEntry, BridgeEvent } from '../../audits/contract/bridge.ts';
import {
  auditsToResume,
  endedAudits,
  idle,
  overallFraction,
  withEntries,
  withEvent,
  type Activity,
} from './activity.ts';
import type { LogFailure } from './crash-log.ts';

export interface AuditWatchParts {
  /** @throws MoatError what the engine answers */
  readonly call: (method: 'audits.list' | 'audits.resume', request: object) => Promise<unknown>;
  /** How far everything that runs is; undefined: nothing runs. */
  readonly show: (fraction: number | undefined) => void;
  readonly notify: (ended: AuditEntry) => void;
  readonly logFailure: LogFailure;
}

/** What the engine's events and its list of audits mean for the system around the app. */
export interface AuditWatch {
  readonly isRunning: () => boolean;
  readonly take: (event: BridgeEvent) => void;
  /** Reads the list of audits, and tells those that have ended. */
  readonly look: () => void;
  /** What ran when the engine died goes on without anybody asking for it. */
  readonly resume: () => void;
}

export function createAuditWatch({ call, show, notify, logFailure }: AuditWatchParts): AuditWatch {
  let activity: Activity = idle;

  function become(next: Activity): void {
    activity = next;
    show(overallFraction(activity));
  }

  const listAudits = async (): Promise<readonly AuditEntry[]> =>
    (await call('audits.list', {})) as readonly AuditEntry[];

  async function lookAtAudits(): Promise<void> {
    const entries = await listAudits();
    const before = activity;
    become(withEntries(activity, entries));
    for (const ended of endedAudits(before, activity, entries)) notify(ended);
  }

  async function resumeAudits(): Promise<void> {
    for (const id of auditsToResume(activity, await listAudits()))
      await call('audits.resume', { id }).catch(logFailure(`audit ${id} could not be resumed`));
    await lookAtAudits();
  }

  const look = (): void => void lookAtAudits().catch(logFailure('the list of audits'));
  return {
    isRunning: () => activity.running.size > 0,
    take: (event) => {
      if (event.event.type === 'audits-changed') look();
      else become(withEvent(activity, event));
    },
    look,
    resume: () => void resumeAudits().catch(logFailure('audits could not be resumed')),
  };
}
