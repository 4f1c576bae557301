import { fork, type ChildProcess } from 'node:child_process';
import path from 'node:path';
import { MoatError } from '../contract/errors.ts';
import type { WorkerReply, WorkerRequest } from '../contract/events.ts';

/** One child process that works on one job at a time. Electron has its own host; both speak the same messages. */
export interface WorkerHost {
  /** Resolves with what the job returned; rejects with a MoatError (`worker-died` when the process ended). */
  run<Result>(job: unknown, listen: (fraction: number, stage: string) => void): Promise<Result>;
  /** Asks the current job to stop at its next safe point. */
  cancel(): void;
  /** Ends the process; after `graceMs` by force. */
  stop(graceMs: number): Promise<void>;
}

export type StartWorker = (onLog: (message: string) => void) => WorkerHost;

/** A worker as a plain Node child process. */
export const forkWorker: StartWorker = (onLog) => {
  const child: ChildProcess = fork(path.join(import.meta.dirname, 'worker.ts'), {
    execArgv: ['--disable-warning=ExperimentalWarning'],
    // What a native library prints belongs into the log, not between the lines of the progress.
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    serialization: 'advanced',
  });
  for (const stream of [child.stdout, child.stderr])
    stream?.setEncoding('utf8').on('data', (text: string) => onLog(text.trimEnd()));
  let ended = false;
  const end = new Promise<void>((resolve) => {
    const finish = (): void => {
      ended = true;
      resolve();
    };
    child.once('exit', finish);
    // A process that could not be started has no exit; one that has just died refuses a message.
    child.on('error', (error) => {
      onLog(`worker: ${error.message}`);
      if (child.pid === undefined) finish();
    });
  });

  const send = (request: WorkerRequest): void => {
    if (!ended && child.connected) child.send(request);
  };

  return {
    run<Result>(job: unknown, listen: (fraction: number, stage: string) => void): Promise<Result> {
      return new Promise<Result>((resolve, reject) => {
        const settle = (finish: () => void): void => {
          child.off('message', onMessage);
          child.off('exit', onExit);
          finish();
        };
        const onExit = (code: number | null, signal: string | null): void =>
          settle(() =>
            reject(
              new MoatError(
                'worker-died',
                `The process working on this cell ended unexpectedly (${signal ?? `exit code ${code}`}).`,
              ),
            ),
          );
        const onMessage = (reply: WorkerReply): void => {
          if (reply.type === 'progress') listen(reply.fraction, reply.stage);
          else if (reply.type === 'log') onLog(reply.message);
          else if (reply.type === 'failed') settle(() => reject(MoatError.fromJSON(reply.error)));
          else if (reply.type === 'done') settle(() => resolve(reply.outcome as Result));
        };
        if (ended) {
          reject(new MoatError('worker-died', 'The worker process could not be started.'));
          return;
        }
        child.on('message', onMessage);
        child.once('exit', onExit);
        void end.then(() => onExit(child.exitCode, child.signalCode));
        send({ type: 'run', job });
      });
    },
    cancel: () => send({ type: 'cancel' }),
    async stop(graceMs) {
      if (child.connected) child.disconnect();
      const timer = setTimeout(() => child.kill('SIGKILL'), graceMs);
      await end;
      clearTimeout(timer);
    },
  };
};
