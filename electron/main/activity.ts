import type { AuditEntry, BridgeEvent } from '../../audits/contract/bridge.ts';

/** What runs, as far as the system around the app should show it. */
export interface Activity {
  /** Of the audits that run, or wait to, how far they are: 0 to 1. */
  readonly running: ReadonlyMap<string, { readonly encoder: string; readonly fraction: number }>;
}

export const idle: Activity = { running: new Map() };

/** The list of audits says what runs. */
export function withEntries({ running }: Activity, entries: readonly AuditEntry[]): Activity {
  return {
    running: new Map(
      entries
        .filter(
          ({ state, deletedAt }) => (state === 'preparing' || state === 'running') && deletedAt === null,
        )
        .map(({ id, encoder }) => [id, { encoder, fraction: running.get(id)?.fraction ?? 0 }]),
    ),
  };
}

/** An event says how far it is. */
export function withEvent(activity: Activity, { event }: BridgeEvent): Activity {
  if (event.type !== 'run' || event.run.type !== 'progress') return activity;
  const known = activity.running.get(event.auditId);
  if (known === undefined) return activity;
  return {
    running: new Map(activity.running).set(event.auditId, { ...known, fraction: event.run.fraction }),
  };
}

/** One number for a bar in the task bar; undefined while nothing runs. */
export function overallFraction({ running }: Activity): number | undefined {
  if (running.size === 0) return undefined;
  return [...running.values()].reduce((sum, { fraction }) => sum + fraction, 0) / running.size;
}

/** Audits that ran before and do no more, as they stand now. */
export function endedAudits(
  before: Activity,
  after: Activity,
  entries: readonly AuditEntry[],
): readonly AuditEntry[] {
  return entries.filter(({ id }) => before.running.has(id) && !after.running.has(id));
}

/** Audits that ran when the engine died, and that no engine runs now. */
export function auditsToResume(before: Activity, entries: readonly AuditEntry[]): readonly string[] {
  return entries
    .filter(({ id, state }) => before.running.has(id) && state !== 'completed' && state !== 'cancelled')
    .filter(({ state, deletedAt }) => state !== 'failed' && deletedAt === null)
    .map(({ id }) => id);
}
