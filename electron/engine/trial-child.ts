import process from 'node:process';
import type { StartTrial } from '../../audits/devices/trial-child.ts';
import type { Candidate, TrialMessage } from '../../audits/devices/try-device.ts';
import type { ToEngine } from './messages.ts';
import { createPortProcesses } from './port-processes.ts';

const trials = createPortProcesses<Candidate, TrialMessage>('trial', (message) =>
  process.parentPort.postMessage(message),
);
process.parentPort.on('message', ({ data, ports }) => void trials.receive(data as ToEngine, ports[0]));

/** In the place of `audits/devices/trial-child.ts` where the app is built for Electron: a trial in a utility process. */
export const startTrial: StartTrial = (candidate) => {
  const child = trials.start();
  child.send(candidate);
  return {
    onMessage: child.listen,
    onEnd: (listener) => void child.ended.then((reason) => listener(reason, '')),
    onFailure: () => undefined,
    kill: child.kill,
  };
};
