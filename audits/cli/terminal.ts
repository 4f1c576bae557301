import { appendFileSync } from 'node:fs';
import type { Clock, Log } from '../contract/context.ts';
import { cleanText } from './render/text.ts';
import { viewOf, type View } from './render/view.ts';

/** The command line's two streams: results on stdout, everything else on stderr. */
export interface Terminal {
  readonly output: View;
  readonly progress: View;
  readonly hasLiveProgress: boolean;
  /** One line of the result. */
  print(line: string): void;
  /** The one JSON value of `--json`. */
  printJson(value: unknown): void;
  /** One line for people on stderr. */
  note(line: string): void;
  /** As it stands, for cursor movements. */
  writeProgress(text: string): void;
}

export function createTerminal(stdout: NodeJS.WriteStream, stderr: NodeJS.WriteStream): Terminal {
  return {
    output: viewOf(stdout),
    get progress() {
      // Read anew: a window may be resized while an audit runs.
      return viewOf(stderr);
    },
    hasLiveProgress: stderr.isTTY && process.env['TERM'] !== 'dumb',
    print: (line) => void stdout.write(`${line}\n`),
    printJson: (value) => void stdout.write(`${JSON.stringify(value, null, 2)}\n`),
    note: (line) => void stderr.write(`${line}\n`),
    writeProgress: (text) => void stderr.write(text),
  };
}

/** Files beside a database: `moat.db` has `moat.log` and `moat.artifacts`, any other NAME has `NAME.log`. */
export function besideDatabase(databaseFile: string, ending: 'log' | 'artifacts'): string {
  return `${databaseFile.replace(/\.db$/, '')}.${ending}`;
}

/** A log that keeps everything, stacks included, in a file and passes sentences on to `note`. */
export function createFileLog(
  file: string,
  clock: Clock,
  note: (level: 'info' | 'warning' | 'error', sentence: string) => void,
): Log {
  const write = (level: 'info' | 'warning' | 'error', message: string, cause?: unknown): void => {
    appendToLog(file, clock.now(), level, message, cause);
    note(level, cleanText(message));
  };
  return {
    info: (message) => write('info', message),
    warning: (message) => write('warning', message),
    error: (message, cause) => write('error', message, cause),
  };
}

/** Appends one entry; returns false when the file cannot be written (a full disk must not hide the first error). */
export function appendToLog(
  file: string,
  now: number,
  level: string,
  message: string,
  cause?: unknown,
): boolean {
  const stack = cause === undefined ? '' : `\n${stackOf(cause)}`;
  try {
    appendFileSync(file, `${new Date(now).toISOString()} ${level} ${message}${stack}\n`);
    return true;
  } catch {
    return false;
  }
}

/** The whole stack with every cause. */
export function stackOf(thrown: unknown): string {
  if (!(thrown instanceof Error)) return String(thrown);
  const cause = thrown.cause === undefined ? '' : `\ncaused by: ${stackOf(thrown.cause)}`;
  return (thrown.stack ?? thrown.message) + cause;
}
