import { appendFileSync, mkdirSync, renameSync, statSync } from 'node:fs';
import path from 'node:path';
import { MoatError } from '../../audits/contract/errors.ts';

const MOST_BYTES = 1 << 20;

export interface CrashLog {
  readonly file: string;
  readonly write: (line: string) => void;
}

/** What went wrong, one line each with its time, beside the user's data. It is sent nowhere. Two files of 1 MB at most. */
export function openCrashLog(folder: string, now: () => Date): CrashLog {
  const file = path.join(folder, 'crash.log');
  return {
    file,
    write: (line) => {
      try {
        mkdirSync(folder, { recursive: true });
        if ((statSync(file, { throwIfNoEntry: false })?.size ?? 0) > MOST_BYTES)
          renameSync(file, `${file}.1`);
        appendFileSync(file, `${now().toISOString()} ${line.replaceAll('\n', '\n  ')}\n`);
      } catch {
        // A full disk must not make a second failure out of the first.
      }
    },
  };
}

/** For a promise that nobody waits for. @param what has failed, as the log's line begins */
export type LogFailure = (what: string) => (error: unknown) => void;

export function logFailures(write: CrashLog['write']): LogFailure {
  return (what) => (error) => write(`${what}: ${MoatError.from(error).message}`);
}

/** Failures that no code of ours sees where they happen. */
export function watchCrashes(
  app: Pick<Electron.App, 'on'>,
  process: Pick<NodeJS.Process, 'on'>,
  write: CrashLog['write'],
): void {
  process.on('uncaughtExceptionMonitor', (error) => write(`uncaught: ${error.stack ?? error.message}`));
  process.on('unhandledRejection', (reason) =>
    write(`unhandled: ${reason instanceof Error ? (reason.stack ?? reason.message) : String(reason)}`),
  );
  app.on('child-process-gone', (_event, { type, name, reason, exitCode }) => {
    if (reason !== 'clean-exit') write(`${name ?? type} ended: ${reason}, exit code ${exitCode}`);
  });
}
