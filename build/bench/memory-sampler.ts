/** Thread of `scale.ts`: looks at the process's anonymous memory while the main thread is busy. */
import { readFileSync } from 'node:fs';
import { workerData } from 'node:worker_threads';

const EVERY_MS = 50;

/** `[highest since the last reset, kB]`, shared with the thread that reads it. */
const highest = workerData as Int32Array;

/** Anonymous resident memory of this process in kB: not the files that the operating system caches for it. */
function anonymousKilobytes(): number {
  return Number(/^RssAnon:\s+(\d+) kB/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? Number.NaN);
}

setInterval(() => {
  const now = anonymousKilobytes();
  if (now > Atomics.load(highest, 0)) Atomics.store(highest, 0, now);
}, EVERY_MS);
