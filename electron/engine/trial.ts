/** Entry of a trial's utility process: a device may crash it, and takes memory that goes with it. */
import process from 'node:process';
import { runTrial } from '../../audits/devices/run-trial.ts';
import type { Candidate } from '../../audits/devices/try-device.ts';

process.parentPort.once('message', ({ ports: [port] }) => {
  if (port === undefined) throw new Error('a trial was started without a port');
  port.on('close', () => process.exit(0));
  port.on('message', ({ data }) => {
    void runTrial(data as Candidate, (message) => {
      port.postMessage(message);
      return Promise.resolve();
    });
  });
  port.start();
});
