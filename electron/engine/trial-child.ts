import type { StartTrial } from '../../audits/devices/trial-child.ts';
import type { Candidate, TrialMessage } from '../../audits/devices/try-device.ts';
import { processesOfParent } from './parent-processes.ts';

const trials = processesOfParent<Candidate, TrialMessage>('trial');

/** In the place of `audits/devices/trial-child.ts` where the app is built for Electron: a trial in a utility process. */
export const startTrial: StartTrial = (candidate) => {
  const child = trials().start();
  child.send(candidate);
  return {
    onMessage: child.listen,
    onEnd: (listener) => void child.ended.then((reason) => listener(reason, '')),
    onFailure: () => undefined,
    kill: child.kill,
  };
};
