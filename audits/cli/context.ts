import path from 'node:path';
import type { Clock } from '../contract/context.ts';
import type { Terminal } from './terminal.ts';

/** What every command gets, and the two things it leaves for the end of the process. */
export interface CommandContext {
  readonly terminal: Terminal;
  readonly clock: Clock;
  readonly moatVersion: string;
  /** Paths that people type are relative to this folder. */
  readonly folder: string;
  /** The exit code when the command ends without an error. */
  exitCode: number;
  /** Where full stacks go; null until the command knows its database. */
  logFile: string | null;
}

export function resolvePath(context: Pick<CommandContext, 'folder'>, location: string): string {
  return path.resolve(context.folder, location);
}

/** Relative to the user's folder where that is shorter. */
export function displayPath(context: CommandContext, file: string): string {
  const relative = path.relative(context.folder, file);
  return relative === '' || relative.startsWith('..') ? file : relative;
}
