import type { AuditId } from '../contract/cell.ts';
import { exitCode } from '../contract/errors.ts';
import type { AuditResult } from '../contract/result.ts';
import { summarizePlan } from '../plan/summary.ts';
import { writeReport } from '../report/write.ts';
import type { RunEnd, RunOptions } from '../run/runner.ts';
import { trackWorkers } from '../run/track-workers.ts';
import { openStore } from '../store/open.ts';
import type { Store } from '../store/types.ts';
import { besideDatabase, createFileLog } from '../run/file-log.ts';
import { commandName } from './command-name.ts';
import { displayPath, resolvePath, type CommandContext } from './context.ts';
import { decideGate, verdictText } from '../score/gate.ts';
import { createProgress } from './progress.ts';
import { renderPlanLine } from './render/plan.ts';
import { renderResult } from './render/result.ts';
import { formatDuration } from './render/numbers.ts';
import { wrapText } from './render/text.ts';
import { defaultDatabase, defaultReportFolder } from '../settings/settings.ts';
import { KILL_GRACE_MS, listenForStop } from './signals.ts';

export interface SessionSettings {
  readonly command: string;
  readonly database: string;
  readonly reportFolder: string;
  readonly json: boolean;
  readonly quiet: boolean;
  /** The user named a policy: the exit code then answers it. */
  readonly hasPolicy: boolean;
  /** As named on the command line: the command that goes on has to name them again. */
  readonly plugins: readonly string[];
}

/**
 * Runs an audit in front of a person: opens the database, shows progress, stops at a safe point when asked,
 * prints the result, writes the report, sets the exit code.
 */
export async function runSession(
  context: CommandContext,
  settings: SessionSettings,
  run: (options: RunOptions) => Promise<RunEnd>,
): Promise<void> {
  const { clock, terminal } = context;
  const database = resolvePath(context, settings.database);
  const store = openStore(database, {
    mode: 'write',
    owner: { pid: process.pid, command: settings.command },
    clock,
  });
  context.logFile = besideDatabase(database, 'log');
  const progress = createProgress(terminal, { quiet: settings.quiet, clock });
  const workers = trackWorkers();
  const controller = new AbortController();
  const stopListening = listenForStop({
    clock,
    onStop() {
      progress.note(
        `stopping at a safe point; resume with: ${resumeCommand(settings)} (Ctrl-C again ends at once)`,
      );
      controller.abort();
    },
    onKill() {
      progress.end();
      const exit = (): never => process.exit(exitCode.interrupted);
      // The kernel frees the lock; SQLite recovers an open transaction at the next start.
      void workers.kill().finally(exit);
      setTimeout(exit, KILL_GRACE_MS);
    },
  });
  try {
    const startedAtMs = clock.monotonicMs();
    const end = await run({
      store,
      clock,
      log: createFileLog(context.logFile, clock, (level, sentence) => {
        if (level === 'warning') progress.note(sentence);
      }),
      signal: controller.signal,
      onEvent(event) {
        progress.onEvent(event);
        if (event.type === 'stage' && event.stage === 'running') progress.note(planLine(store));
      },
      moatVersion: context.moatVersion,
      startWorker: workers.start,
    });
    progress.end();
    finishSession(context, settings, store, end, clock.monotonicMs() - startedAtMs);
  } finally {
    progress.end();
    stopListening();
    store.close();
  }
}

function finishSession(
  context: CommandContext,
  settings: SessionSettings,
  store: Store,
  end: RunEnd,
  elapsedMs: number,
): void {
  const { terminal } = context;
  const folder = resolvePath(context, settings.reportFolder);
  writeReport(end.result, folder);
  if (settings.json) terminal.printJson(end.result);
  else
    for (const line of renderResult(
      end.result,
      {
        database: displayPath(context, store.path),
        folder: displayPath(context, folder),
      },
      terminal.output,
    ))
      terminal.print(line);
  if (!settings.quiet) terminal.note(endLine(end, elapsedMs));
  context.exitCode = endExitCode(end.result, settings.hasPolicy);
  if (end.state === 'cancelled' && !settings.quiet)
    terminal.note(`continue with: ${resumeCommand(settings, end.auditId)}`);
  if (settings.hasPolicy && end.state === 'completed') {
    const gate = decideGate(end.result);
    for (const line of wrapText(
      `policy: ${verdictText(gate.verdict)}: ${gate.sentence}`,
      terminal.progress.columns,
    ))
      terminal.note(line);
  }
}

/** The exit code of an audit that ran to an end, whatever kind of end. */
export function endExitCode(result: Pick<AuditResult, 'state' | 'verdicts'>, hasPolicy: boolean): number {
  if (result.state === 'cancelled') return exitCode.cancelled;
  if (result.state === 'incomplete') return exitCode.error;
  return hasPolicy ? decideGate(result).exitCode : exitCode.ok;
}

/** How to go on: spelled with the flags that matter. */
export function resumeCommand(
  settings: Pick<SessionSettings, 'database' | 'reportFolder' | 'plugins'>,
  id?: AuditId,
): string {
  const database = settings.database === defaultDatabase ? '' : ` --db ${quoted(settings.database)}`;
  const folder =
    settings.reportFolder === defaultReportFolder ? '' : ` --out ${quoted(settings.reportFolder)}`;
  const plugins = settings.plugins.map((file) => ` --plugin ${quoted(file)}`).join('');
  return `${commandName} resume${id === undefined ? '' : ` ${id}`}${database}${folder}${plugins}`;
}

function quoted(location: string): string {
  return /^[\w./\\:-]+$/.test(location) ? location : JSON.stringify(location);
}

/** What the audit that is about to run will take; the newest one, since this process holds the right to write. */
function planLine(store: Store): string {
  const id = store.audits.list()[0]?.id;
  const config = id === undefined ? undefined : store.audits.get(id)?.config;
  if (id === undefined || config === undefined) return '';
  return renderPlanLine(config, summarizePlan(config, store.cells.byAudit(id)));
}

function endLine(end: RunEnd, elapsedMs: number): string {
  return `audit ${end.auditId} ${end.state} after ${formatDuration(elapsedMs)}`;
}
