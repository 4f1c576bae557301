import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

const root = path.join(import.meta.dirname, '..', '..');
/** What commands of a test file remember; never the user's own. */
const dataFolder = mkdtempSync(path.join(tmpdir(), 'moat-data-'));
process.once('exit', () => rmSync(dataFolder, { recursive: true, force: true }));
const main = path.join(root, 'audits', 'cli', 'main.ts');

export interface CommandEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunningCommand {
  readonly process: ChildProcess;
  readonly end: Promise<CommandEnd>;
  /** What it has written to stderr so far. */
  stderr(): string;
  /** Kill -9 of the command and its workers, as when a machine loses power; nothing where all of it has ended already. */
  killGroup(): void;
  /** Resolves when stderr matches; rejects when the command ends first. */
  waitFor(pattern: RegExp): Promise<void>;
}

/** Starts the real command line in a process of its own (and its own group, so that signals reach it alone). */
export function startMoat(
  args: readonly string[],
  options: { readonly cwd: string; readonly fileSizeLimitKilobytes?: number },
): RunningCommand {
  const node = [process.execPath, '--disable-warning=ExperimentalWarning', main, ...args];
  const limited = options.fileSizeLimitKilobytes;
  const [command = '', ...rest] =
    limited === undefined ? node : ['bash', '-c', `ulimit -f ${limited}; exec "$@"`, 'bash', ...node];
  const child = spawn(command, rest, {
    cwd: options.cwd,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    // No engine pack but one that a test names: with another engine at hand, a trial's clock would choose.
    env: {
      MOAT_ENGINES: path.join(dataFolder, 'engines'),
      ...process.env,
      NO_COLOR: '1',
      MOAT_DATA: dataFolder,
    },
  });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const end = new Promise<CommandEnd>((resolve) => {
    child.once('close', (code, signal) => resolve({ code, signal, stdout, stderr }));
  });
  return {
    process: child,
    end,
    stderr: () => stderr,
    killGroup: () => {
      if (child.pid === undefined) return;
      try {
        process.kill(-child.pid, 'SIGKILL');
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
      }
    },
    waitFor: (pattern) =>
      new Promise((resolve, reject) => {
        const check = (): void => {
          if (pattern.test(stderr)) resolve();
        };
        child.stderr.on('data', check);
        void end.then(({ stderr: all, code }) =>
          reject(new Error(`the command ended (${code}) before ${String(pattern)}:\n${all}`)),
        );
        check();
      }),
  };
}

export function runMoat(
  args: readonly string[],
  options: { readonly cwd: string; readonly fileSizeLimitKilobytes?: number },
): Promise<CommandEnd> {
  return startMoat(args, options).end;
}

/** A folder that is gone after the callback. */
export async function inTemporaryFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(path.join(tmpdir(), 'moat-e2e-'));
  try {
    return await work(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
