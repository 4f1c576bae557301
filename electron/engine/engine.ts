/** Entry of the engine's utility process. */
import process from 'node:process';
import { openServe } from '../../audits/serve/open-engine.ts';
import { serveOverPort } from './serve-port.ts';

const [database, moatVersion] = process.argv.slice(2);
if (database === undefined || moatVersion === undefined) throw new Error('usage: engine DATABASE VERSION');
serveOverPort(
  process.parentPort,
  (means) => openServe({ database, moatVersion, host: 'electron', command: 'the Moat app', ...means }),
  () => process.exit(0),
);
