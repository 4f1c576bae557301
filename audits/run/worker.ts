/** Entry of a worker process: one job at a time over Node's IPC. */
import process from 'node:process';
import type { WorkerRequest } from '../contract/events.ts';
import { workOnJobs } from './work-on-jobs.ts';

// Ctrl-C reaches the whole process group; only the runner decides what it means.
process.on('SIGINT', () => undefined);
process.on('disconnect', () => process.exit(0));
workOnJobs({
  reply: (message) => {
    if (process.connected) process.send?.(message);
  },
  listen: (listener) => process.on('message', (request: WorkerRequest) => listener(request)),
});
