import os from 'node:os';
import { z } from 'zod';
import { defineBridgeMethod } from '../method.ts';
import { readGauge } from '../gauge.ts';

export const machineGauge = defineBridgeMethod({
  name: 'machine.gauge',
  request: z.strictObject({}),
  // Electron's main process starts the workers, beside the engine.
  run: async (_request, { host }) => ({
    ...(await readGauge(host === 'electron' ? process.ppid : process.pid)),
    totalBytes: os.totalmem(),
  }),
});
