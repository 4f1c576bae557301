import process from 'node:process';
import type { StartTrial } from '../../audits/devices/trial-child.ts';
import type { Candidate, TrialMessage } from '../../audits/devices/try-device.ts';
import type { ToEngine } from './messages.ts';
import { createPortProcesses, type PortProcesses } from './port-processes.ts';

let trials: PortProcesses<Candidate, TrialMessage> | undefined;

/** With the first trial, which only an engine makes: other processes that load this file have another kind of parent. */
function openTrials(): PortProcesses<Candidate, TrialMessage> {
  const opened = createPortProcesses<Candidate, TrialMessage>('trial', (message) =>
    process.parentPort.postMessage(message),
  );
  process.parentPort.on('message', ({ data, ports }) => void opened.receive(data as ToEngine, ports[0]));
  return opened;
}

/** In the place of `audits/devices/trial-child.ts` where the app is built for Electron: a trial in a utility process. */
export const startTrial: StartTrial = (candidate) => {
  trials ??= openTrials();
  const child = trials.start();
  child.send(candidate);
  return {
    onMessage: child.listen,
    onEnd: (listener) => void child.ended.then((reason) => listener(reason, '')),
    onFailure: () => undefined,
    kill: child.kill,
  };
};
