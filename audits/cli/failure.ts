import { CommanderError } from 'commander';
import { MoatError, errorTable, exitCode, type ErrorCode } from '../contract/errors.ts';
import { appendToLog } from '../run/file-log.ts';
import { asTyped } from './command-name.ts';
import { cleanText } from './render/text.ts';
import type { Terminal } from './terminal.ts';

/** How an error looks to people: what happened, what to do. Never a stack. */
export interface Failure {
  readonly code: ErrorCode;
  readonly message: string;
  readonly hint: string;
  readonly exitCode: number;
}

/** Any thrown value as a failure. Commander's own complaints are usage errors. */
export function describeFailure(thrown: unknown): Failure {
  if (thrown instanceof CommanderError) {
    const [message = '', suggestion] = thrown.message.replace(/^error: /, '').split('\n');
    const command = thrown.code === 'commander.unknownCommand' ? 'moat --help' : 'the command with --help';
    return {
      code: 'usage',
      message: sentence(message),
      hint: suggestion === undefined ? `See ${command}.` : suggestion.replace(/^\(|\)$/g, ''),
      exitCode: exitCode.usage,
    };
  }
  const error = MoatError.from(thrown);
  return {
    code: error.code,
    message: sentence(cleanText(error.message)),
    hint: asTyped(errorTable[error.code].hint),
    exitCode: error.row.exitCode,
  };
}

/**
 * Prints a failure and keeps the whole stack in the log.
 * @param options.logFile beside the database; null before one is known
 * @returns the exit code
 */
export function reportFailure(
  thrown: unknown,
  options: {
    readonly terminal: Terminal;
    readonly json: boolean;
    readonly logFile: string | null;
    readonly now: number;
  },
): number {
  const { terminal, logFile } = options;
  const failure = describeFailure(thrown);
  // Being told to stop is no error.
  const isStop = failure.exitCode === exitCode.cancelled;
  // Not wrapped: a sentence stays one line for whoever searches a log for it; terminals wrap by themselves.
  terminal.note(`${isStop ? 'stopped:' : terminal.progress.paint('bad', 'error:')} ${failure.message}`);
  terminal.note(`-> ${failure.hint}`);
  const isLogged =
    logFile !== null &&
    failure.code !== 'usage' &&
    appendToLog(logFile, options.now, 'error', `${failure.code}: ${failure.message}`, thrown);
  if (failure.code === 'internal' && isLogged) terminal.note(`   log: ${logFile}`);
  if (options.json)
    terminal.printJson({ error: { code: failure.code, message: failure.message, hint: failure.hint } });
  return failure.exitCode;
}

/** Begins with a capital letter and ends with a full stop, as a sentence does. */
function sentence(text: string): string {
  const trimmed = text.trim();
  // A file name at the beginning keeps its spelling.
  const capital = trimmed.replace(
    /^[a-z]+(?=[\s,:])/,
    (word) => word.charAt(0).toUpperCase() + word.slice(1),
  );
  return /[.!?]$/.test(capital) ? capital : `${capital}.`;
}
