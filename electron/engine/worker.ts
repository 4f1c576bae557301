/** Entry of a worker's utility process: its first message brings the port to the engine. */
import process from 'node:process';
import type { WorkerRequest } from '../../audits/contract/events.ts';
import { workOnJobs } from '../../audits/run/work-on-jobs.ts';

process.parentPort.once('message', ({ ports: [port] }) => {
  if (port === undefined) throw new Error('a worker was started without a port');
  port.on('close', () => process.exit(0));
  workOnJobs({
    reply: (message) => port.postMessage(message),
    listen: (listener) => {
      port.on('message', ({ data }) => listener(data as WorkerRequest));
      port.start();
    },
  });
});
