import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import type { ImageGeometry } from '../contract/encoder.ts';
import type { BlockDecoder, DecodedBlock } from './decode-block.ts';
import { packItems, type PackedItems } from './packed-items.ts';

export interface DecodeRequest {
  readonly packed: PackedItems;
  readonly geometry: ImageGeometry;
}

interface Waiting {
  readonly request: DecodeRequest;
  resolve(block: DecodedBlock): void;
  reject(error: unknown): void;
}

/** More than this many threads wait for the disk and for the one that takes their results. */
const MOST_THREADS = 8;

/**
 * Decoding threads: they go on while this one is inside the model's runtime, which blocks it. Blocks are taken in the
 * order in which they were handed over.
 */
export function openDecodeThreads(
  threads: number = Math.min(MOST_THREADS, availableParallelism()),
): BlockDecoder {
  const queue: Waiting[] = [];
  const idle: Worker[] = [];
  const busy = new Map<Worker, Waiting>();
  let failure: Error | undefined;

  const fail = (error: Error): void => {
    failure ??= error;
    for (const waiting of [...busy.values(), ...queue.splice(0)]) waiting.reject(failure);
    busy.clear();
  };
  const dispatch = (): void => {
    for (let worker = idle.pop(); worker !== undefined; worker = idle.pop()) {
      const waiting = queue.shift();
      if (waiting === undefined) {
        idle.push(worker);
        return;
      }
      busy.set(worker, waiting);
      worker.postMessage(waiting.request, [waiting.request.packed.bytes]);
    }
  };
  const workers = Array.from({ length: threads }, () => {
    const worker = new Worker(new URL('./decode-worker.ts', import.meta.url));
    worker.on('message', (block: DecodedBlock) => {
      busy.get(worker)?.resolve(block);
      busy.delete(worker);
      idle.push(worker);
      dispatch();
    });
    worker.on('error', (error) => fail(error instanceof Error ? error : new Error(String(error))));
    worker.on('exit', () => fail(new Error('a decoding thread ended')));
    return worker;
  });
  idle.push(...workers);

  return {
    decode: (items, geometry) =>
      new Promise((resolve, reject) => {
        if (failure !== undefined) {
          reject(failure);
          return;
        }
        queue.push({ request: { packed: packItems(items), geometry }, resolve, reject });
        dispatch();
      }),
    async close() {
      await Promise.all(workers.map((worker) => worker.terminate()));
    },
  };
}
