/** Entry of the process in which a device is tried: says what it finds and ends. */
import process from 'node:process';
import type { DeviceId, EngineId } from '../contract/engine.ts';
import { runTrial } from './run-trial.ts';

const [engine, device] = process.argv.slice(2) as [EngineId, DeviceId];
await runTrial(
  { engine, device },
  (message) =>
    new Promise((resolve) => {
      if (process.send === undefined) resolve();
      else process.send(message, () => resolve());
    }),
);
process.exit(0);
