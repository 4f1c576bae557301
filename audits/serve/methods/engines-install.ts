import { z } from 'zod';
import { engineEntries } from '../engine-entries.ts';
import { defineBridgeMethod } from '../method.ts';

export const enginesInstall = defineBridgeMethod({
  name: 'engines.install',
  request: z.strictObject({ engine: z.literal('tensorflow') }),
  run: async (_request, { installation }) => {
    await installation.install();
    return engineEntries(installation);
  },
});
