import process from 'node:process';
import type { AddElsewhere } from '../../audits/tensor/tensorflow/pack/trial-process.ts';
import type { ToEngine } from './messages.ts';
import { createPortProcesses, type PortProcesses } from './port-processes.ts';

type Answer = { readonly sum: number } | { readonly error: string };

let packs: PortProcesses<string, Answer> | undefined;

/** With the first pack, which only an engine makes: other processes that load this file have another kind of parent. */
function openPacks(): PortProcesses<string, Answer> {
  const opened = createPortProcesses<string, Answer>('pack', (message) =>
    process.parentPort.postMessage(message),
  );
  process.parentPort.on('message', ({ data, ports }) => void opened.receive(data as ToEngine, ports[0]));
  return opened;
}

/** In the place of `audits/tensor/tensorflow/pack/trial-process.ts` where the app is built for Electron: in a utility process. */
export const addElsewhere: AddElsewhere = async (binding, signal) => {
  signal.throwIfAborted();
  packs ??= openPacks();
  const child = packs.start();
  signal.addEventListener('abort', child.kill, { once: true });
  try {
    const answered = new Promise<Answer>((resolve) => child.listen(resolve));
    const died = child.ended.then((reason) => ({ error: `the process that tried it ended: ${reason}` }));
    child.send(binding);
    const answer = await Promise.race([answered, died]);
    signal.throwIfAborted();
    if ('error' in answer) throw new Error(answer.error);
    return answer.sum;
  } finally {
    signal.removeEventListener('abort', child.kill);
    child.kill();
  }
};
