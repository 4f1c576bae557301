import { spawn } from 'node:child_process';
import process from 'node:process';

/**
 * The program, and beside it a watcher that reads from a pipe which this process holds open. When the pipe closes, because the
 * program was cancelled or this process ended, however it did, the watcher kills the group of both.
 */
const watched = '{ read -r line <&3; kill -KILL 0; } >/dev/null 2>&1 & exec "$@" 3<&-';

export interface ProgramOptions {
  /** Ends the program and whatever it started. */
  readonly signal: AbortSignal;
  readonly folder?: string;
  /** Variables beside those of this process. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Told whenever it writes to its standard error, with all that it has written there. */
  readonly onStderr?: (soFar: string) => void;
}

/**
 * Runs a program in a group of its own, which does not outlive this process. Needs a POSIX shell.
 * @returns what it wrote to its standard output
 * @throws Error with `stderr`, where it does not end with 0; also when it was cancelled
 */
export async function runProgram(
  command: string,
  args: readonly string[],
  { signal, folder, environment, onStderr }: ProgramOptions,
): Promise<string> {
  signal.throwIfAborted();
  const child = spawn('/bin/sh', ['-c', watched, 'sh', command, ...args], {
    detached: true,
    cwd: folder,
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
  });
  const release = (): void => void child.stdio[3]?.destroy();
  signal.addEventListener('abort', release, { once: true });
  // Before `close`, which waits for this pipe too.
  child.once('exit', release);
  let stdout = '';
  let stderr = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
    onStderr?.(stderr);
  });
  try {
    const end = await new Promise<number | NodeJS.Signals | null>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (code, killedBy) => resolve(code ?? killedBy));
    });
    if (end !== 0) throw Object.assign(new Error(`${command} ended with ${end}`), { stderr });
    return stdout;
  } finally {
    signal.removeEventListener('abort', release);
  }
}
