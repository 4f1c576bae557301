import { appendFileSync } from 'node:fs';
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
