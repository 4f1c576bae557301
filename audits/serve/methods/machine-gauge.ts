import os from 'node:os';
import { z } from 'zod';
import { defineBridgeMethod } from '../method.ts';
import { readGauge } from '../gauge.ts';

export const machineGauge = defineBridgeMethod({
  name: 'machine.gauge',
  request: z.strictObject({}),
  run: async () => ({ ...(await readGauge(process.pid)), totalBytes: os.totalmem() }),
});
