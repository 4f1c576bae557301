import { fork } from 'node:child_process';
import path from 'node:path';
import type { Candidate, TrialMessage } from './try-device.ts';

/** The process of a trial. */
export interface TrialChild {
  readonly onMessage: (listener: (message: TrialMessage) => void) => void;
  /** @param last the last line it printed */
  readonly onEnd: (listener: (reason: string, last: string) => void) => void;
  /** It could not be started. */
  readonly onFailure: (listener: (reason: string) => void) => void;
  readonly kill: () => void;
}

export type StartTrial = (
  candidate: Candidate,
  options: { readonly entry?: string | undefined; readonly environment?: NodeJS.ProcessEnv | undefined },
) => TrialChild;

const ENTRY = path.join(import.meta.dirname, 'trial-process.ts');

/** A plain Node child; Electron has none, and its build takes `electron/engine/trial-child.ts` in this file's place. */
export const startTrial: StartTrial = ({ engine, device }, { entry = ENTRY, environment }) => {
  const child = fork(entry, [engine, device], {
    execArgv: ['--disable-warning=ExperimentalWarning'],
    // Drivers and loaders print; what matters comes as a message.
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    ...(environment === undefined ? {} : { env: environment }),
  });
  let said = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (said = (said + text).slice(-2000)));
  return {
    onMessage: (listener) => void child.on('message', listener),
    onEnd: (listener) =>
      void child.once('exit', (code, signal) =>
        listener(signal ?? `exit code ${code}`, said.trim().split('\n').at(-1) ?? ''),
      ),
    onFailure: (listener) => void child.once('error', (error) => listener(error.message)),
    kill: () => void child.kill('SIGKILL'),
  };
};
