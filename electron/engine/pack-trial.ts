import type { AddElsewhere } from '../../audits/tensor/tensorflow/pack/trial-process.ts';
import { processesOfParent } from './parent-processes.ts';

type Answer = { readonly sum: number } | { readonly error: string };

const packs = processesOfParent<string, Answer>('pack');

/** In the place of `audits/tensor/tensorflow/pack/trial-process.ts` where the app is built for Electron: in a utility process. */
export const addElsewhere: AddElsewhere = async (binding, signal) => {
  signal.throwIfAborted();
  const child = packs().start();
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
