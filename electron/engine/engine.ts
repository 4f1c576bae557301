/** Entry of the engine's utility process. */
import process from 'node:process';
import { openServe } from '../../audits/serve/open-engine.ts';
import { serveOverPort } from './serve-port.ts';

serveOverPort(
  process.parentPort,
  ({ database, moatVersion }, means) =>
    openServe({ database, moatVersion, host: 'electron', command: 'the Moat app', ...means }),
  () => process.exit(0),
);
