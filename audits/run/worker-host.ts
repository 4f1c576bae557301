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

/** How a worker's process is reached: Node's IPC here, a message port in Electron. */
export interface WorkerLink {
  /** Lost where the process has ended. */
  readonly send: (request: WorkerRequest) => void;
  readonly listen: (listener: (reply: WorkerReply) => void) => void;
  /** Why the process ended, in words. */
  readonly ended: Promise<string>;
  /** Lets an idle process end itself. */
  readonly disconnect: () => void;
  readonly kill: () => void;
}

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
  return workerOver(
    {
      send: (request) => {
        if (child.connected) child.send(request);
      },
      listen: (listener) => child.on('message', listener),
      ended: new Promise((resolve) => {
        child.once('exit', (code, signal) => resolve(signal ?? `exit code ${code}`));
        // A process that could not be started has no exit; one that has just died refuses a message.
        child.on('error', (error) => {
          onLog(`worker: ${error.message}`);
          if (child.pid === undefined) resolve('it could not be started');
        });
      }),
      disconnect: () => {
        if (child.connected) child.disconnect();
      },
      kill: () => child.kill('SIGKILL'),
    },
    onLog,
  );
};

/** One job at a time over a link, whatever the link is made of. */
export function workerOver(link: WorkerLink, onLog: (message: string) => void): WorkerHost {
  let job:
    | {
        readonly resolve: (outcome: unknown) => void;
        readonly reject: (error: MoatError) => void;
        readonly progress: (fraction: number, stage: string) => void;
      }
    | undefined;
  let endReason: string | undefined;
  const died = (reason: string): MoatError =>
    new MoatError('worker-died', `A worker process ended unexpectedly (${reason}).`);
  const watchEnd = async (): Promise<void> => {
    endReason = await link.ended;
    job?.reject(died(endReason));
    job = undefined;
  };
  const end = watchEnd();
  link.listen((reply) => {
    if (reply.type === 'log') onLog(reply.message);
    else if (reply.type === 'progress') job?.progress(reply.fraction, reply.stage);
    else if (reply.type === 'done' || reply.type === 'failed') {
      const settled = job;
      job = undefined;
      if (reply.type === 'done') settled?.resolve(reply.outcome);
      else settled?.reject(MoatError.fromJSON(reply.error));
    }
  });
  return {
    run<Result>(request: unknown, progress: (fraction: number, stage: string) => void): Promise<Result> {
      return new Promise<Result>((resolve, reject) => {
        if (endReason !== undefined) {
          reject(died(endReason));
          return;
        }
        job = { resolve: (outcome) => resolve(outcome as Result), reject, progress };
        link.send({ type: 'run', job: request });
      });
    },
    cancel: () => link.send({ type: 'cancel' }),
    async stop(graceMs) {
      link.disconnect();
      const timer = setTimeout(link.kill, graceMs);
      await end;
      clearTimeout(timer);
    },
  };
}
