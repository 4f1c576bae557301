import { registerGradients } from './gradients.ts';
import { tf } from './ops.ts';

/**
 * TensorFlow.js has one current backend per process. Work that needs a certain one is queued here, so that a
 * reference run and a trace can be asked for at once without computing on each other's backend.
 */
let queue: Promise<unknown> = Promise.resolve();

let gradients: Promise<void> | undefined;

/** Runs `work` with `backend` as the current one; `work` must be synchronous. Tensors it makes are disposed. */
export async function withBackend<Result>(backend: string, work: () => Result): Promise<Result> {
  const turn = queue.then(async () => {
    await (gradients ??= registerGradients());
    if (tf.getBackend() !== backend) await tf.setBackend(backend);
    tf.engine().startScope(backend);
    try {
      return work();
    } finally {
      tf.engine().endScope();
    }
  });
  queue = turn.catch(() => undefined);
  return turn;
}
