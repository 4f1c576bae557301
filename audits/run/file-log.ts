import { appendFileSync, closeSync, fstatSync, openSync, readSync } from 'node:fs';
import type { Clock, Log } from '../contract/context.ts';
import { cleanText } from '../contract/clean-text.ts';

/** Files beside a database: `moat.db` has `moat.log`, `moat.artifacts` and `moat.settings`, any other NAME has `NAME.log`. */
export function besideDatabase(databaseFile: string, ending: 'log' | 'artifacts' | 'settings'): string {
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
  // Names from outside stand in messages and stacks: whoever looks at the file in a terminal sees text.
  const stack = cause === undefined ? [] : stackOf(cause).split('\n');
  const lines = [`${new Date(now).toISOString()} ${level} ${message}`, ...stack].map(cleanText);
  try {
    appendFileSync(file, `${lines.join('\n')}\n`);
    return true;
  } catch {
    return false;
  }
}

/** Of a log file, this much of its end is read: thousands of lines. */
const MOST_BYTES = 1_000_000;
/** Of one line for a window; the file has all of it. */
export const MOST_LETTERS = 2000;
const entryPattern = /^(\d{4}-\d\d-\d\dT[\d:.]+Z) (info|warning|error) (.*)$/;

export interface LogEntry {
  readonly level: 'info' | 'warning' | 'error';
  readonly message: string;
}

/**
 * The last entries of a log file from one time to another (ISO 8601, both included), without their stacks, newest last; none
 * where the file cannot be read.
 */
export function readLog(
  file: string,
  { from, until, most }: { readonly from: string; readonly until: string | null; readonly most: number },
): readonly LogEntry[] {
  const entries = endOf(file)
    .split('\n')
    .flatMap((line): readonly LogEntry[] => {
      const [, time = '', level = '', message = ''] = entryPattern.exec(line) ?? [];
      if (time < from || (until !== null && time > until)) return [];
      return [{ level: level as LogEntry['level'], message: cleanText(message).slice(0, MOST_LETTERS) }];
    });
  return entries.slice(-most);
}

function endOf(file: string): string {
  try {
    const open = openSync(file, 'r');
    try {
      const { size } = fstatSync(open);
      const bytes = Buffer.alloc(Math.min(size, MOST_BYTES));
      readSync(open, bytes, 0, bytes.length, size - bytes.length);
      return bytes.toString('utf8');
    } finally {
      closeSync(open);
    }
  } catch {
    return '';
  }
}

/** The whole stack with every cause. */
export function stackOf(thrown: unknown): string {
  if (!(thrown instanceof Error)) return String(thrown);
  const cause = thrown.cause === undefined ? '' : `\ncaused by: ${stackOf(thrown.cause)}`;
  return (thrown.stack ?? thrown.message) + cause;
}
