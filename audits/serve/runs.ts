import type { AuditConfig } from '../contract/audit.ts';
import type { BridgeEvent } from '../contract/bridge.ts';
import type { AuditId } from '../contract/cell.ts';
import type { Clock, Log } from '../contract/context.ts';
import { MoatError } from '../contract/errors.ts';
import type { RunEvent } from '../contract/events.ts';
import { cleanText } from '../contract/clean-text.ts';
import { MOST_LETTERS } from '../run/file-log.ts';
import { continueAudit, createAudit } from '../run/runner.ts';
import type { StartWorker } from '../run/worker-host.ts';
import type { Store } from '../store/types.ts';
import { LiveAudit, type LogLine } from './live-audit.ts';

/** The audits this engine runs: one at a time, the next ones wait. */
export interface AuditRuns {
  /** @throws MoatError `database-busy` where another process writes */
  readonly start: (config: AuditConfig, reason: string) => AuditId;
  readonly resume: (id: AuditId, retry: { readonly failed: boolean }) => void;
  /** Asks for the next safe point; false where the audit does not run here. */
  readonly stop: (id: AuditId) => boolean;
  /** Runs or waits here. */
  readonly isRunning: (id: AuditId) => boolean;
  /** What is known of one that runs or waits here. */
  readonly live: (id: AuditId) => LiveAudit | undefined;
  /** The last lines of an audit that runs here or has run, however it ended: what went wrong is read afterwards. */
  readonly log: (id: AuditId) => readonly LogLine[];
  /** None runs and none waits. */
  readonly isIdle: () => boolean;
  /** Stops the running one at a safe point, drops those that wait; resolves when nothing runs any more. */
  readonly stopAll: () => Promise<void>;
}

export interface RunsContext {
  /** @throws MoatError `database-busy` where another process writes */
  readonly writable: () => Store;
  readonly clock: Clock;
  readonly log: Log;
  readonly moatVersion: string;
  readonly publish: (event: BridgeEvent['event']) => void;
  readonly startWorker?: StartWorker | undefined;
}

/** Audits that have ended, whose lines are still known. */
const MOST_LOGS = 20;

interface Task {
  readonly id: AuditId;
  readonly retry: { readonly failed: boolean };
  readonly store: Store;
  readonly stopping: AbortController;
  readonly live: LiveAudit;
}

export function createRuns(context: RunsContext): AuditRuns {
  const { clock, publish } = context;
  const queue: Task[] = [];
  let current: { readonly task: Task; readonly end: Promise<void> } | undefined;
  let isClosing = false;
  const endedLogs = new Map<AuditId, readonly LogLine[]>();

  const find = (id: AuditId): Task | undefined =>
    current?.task.id === id ? current.task : queue.find((task) => task.id === id);
  const tell = (task: Task, run: RunEvent): void => {
    publish({ type: 'run', auditId: task.id, run });
    for (const cell of task.live.observe(run)) publish({ type: 'cell-result', auditId: task.id, cell });
  };
  const enqueue = (store: Store, id: AuditId, retry: Task['retry']): void => {
    const live = new LiveAudit(id, store, endedLogs.get(id));
    queue.push({ id, retry, store, stopping: new AbortController(), live });
    // The reply to whoever asked goes first.
    setImmediate(next);
    publish({ type: 'audits-changed' });
  };
  const next = (): void => {
    if (current !== undefined || isClosing) return;
    const task = queue.shift();
    if (task === undefined) return;
    const end = run(task).finally(() => {
      current = undefined;
      keepLog(task);
      publish({ type: 'audits-changed' });
      next();
    });
    current = { task, end };
  };
  const run = async (task: Task): Promise<void> => {
    const line = (level: 'info' | 'warning' | 'error', message: string): void =>
      tell(task, { type: 'log', level, message: cleanText(message).slice(0, MOST_LETTERS) });
    try {
      await continueAudit(
        task.id,
        {
          store: storeTold(task.store, () => publish({ type: 'audits-changed' })),
          clock,
          log: logTold(context.log, line),
          signal: task.stopping.signal,
          onEvent: (event) => tell(task, event),
          moatVersion: context.moatVersion,
          ...(context.startWorker === undefined ? {} : { startWorker: context.startWorker }),
        },
        task.retry,
      );
      tell(task, { type: 'stage', stage: 'done', sentence: 'Done' });
    } catch (thrown) {
      const error = MoatError.from(thrown);
      // Stored with the audit, where windows read it; here it goes into the log.
      if (error.code === 'cancelled') line('info', error.message);
      else {
        context.log.error(`audit ${task.id}: ${error.message}`, thrown);
        line('error', error.message);
      }
    }
  };
  const keepLog = ({ id, live }: Task): void => {
    endedLogs.delete(id);
    endedLogs.set(id, live.log);
    const [oldest] = endedLogs.keys();
    if (endedLogs.size > MOST_LOGS && oldest !== undefined) endedLogs.delete(oldest);
  };
  const drop = (task: Task): void => {
    queue.splice(queue.indexOf(task), 1);
    task.store.audits.setState(task.id, 'cancelled', new Date(clock.now()).toISOString());
    publish({ type: 'audits-changed' });
  };

  return {
    start(config, deviceReason) {
      const store = context.writable();
      const id = createAudit(config, { store, clock, moatVersion: context.moatVersion, deviceReason });
      // Cells are shared by key: what failed in an earlier audit of this database gets another chance in this one.
      enqueue(store, id, { failed: true });
      return id;
    },
    resume(id, retry) {
      if (find(id) === undefined) enqueue(context.writable(), id, retry);
    },
    stop(id) {
      const task = find(id);
      if (task === undefined) return false;
      if (current?.task === task) task.stopping.abort();
      else drop(task);
      return true;
    },
    isRunning: (id) => find(id) !== undefined,
    live: (id) => find(id)?.live,
    log: (id) => find(id)?.live.log ?? endedLogs.get(id) ?? [],
    isIdle: () => current === undefined && queue.length === 0,
    async stopAll() {
      isClosing = true;
      for (const task of queue.slice()) drop(task);
      current?.task.stopping.abort();
      await current?.end;
    },
  };
}

/** The same store: whoever lists audits is told that one of them has come into another state. */
function storeTold(store: Store, tell: () => void): Store {
  return {
    ...store,
    audits: {
      ...store.audits,
      setState(...change) {
        store.audits.setState(...change);
        tell();
      },
    },
  };
}

/** Everything goes into the file; a window is shown the same lines. */
function logTold(log: Log, tell: (level: 'info' | 'warning' | 'error', message: string) => void): Log {
  return {
    info(message) {
      log.info(message);
      tell('info', message);
    },
    warning(message) {
      log.warning(message);
      tell('warning', message);
    },
    error(message, cause) {
      log.error(message, cause);
      tell('error', message);
    },
  };
}
