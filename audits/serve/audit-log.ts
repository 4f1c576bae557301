import type { AuditSnapshot } from '../contract/bridge.ts';
import { readLog } from '../run/file-log.ts';
import type { AuditRow } from '../store/types.ts';
import { LOG_LINES } from './live-audit.ts';
import type { ServeContext } from './method.ts';

const LAST_WORDS_MS = 1000;

/**
 * The last lines about an audit: as they were told here where it runs or has run, else what the log file holds of its time.
 * One audit runs at a time; of one that was resumed later, lines of those between stand among its own.
 */
export function logOf(context: ServeContext, audit: AuditRow): AuditSnapshot['log'] {
  const told = context.runs.log(audit.id);
  if (told.length > 0 || context.runs.isRunning(audit.id))
    return told.map(({ level, message }) => ({ level, message }));
  return readLog(context.logFile, {
    from: audit.createdAt,
    until: audit.finishedAt === null ? nextAfter(context, audit) : later(audit.finishedAt),
    most: LOG_LINES,
  });
}

/** Why an audit ended is written after its row says that it has. */
function later(time: string): string {
  return new Date(Date.parse(time) + LAST_WORDS_MS).toISOString();
}

/** When the audit after this one was made; null where it is the newest. An audit that was killed has no end of its own. */
function nextAfter({ store }: ServeContext, { createdAt }: AuditRow): string | null {
  const times = store.audits.list().map((other) => other.createdAt);
  return times.filter((time) => time > createdAt).toSorted()[0] ?? null;
}
