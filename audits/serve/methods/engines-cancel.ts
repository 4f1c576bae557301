import { z } from 'zod';
import { engineEntries } from '../engine-entries.ts';
import { defineBridgeMethod } from '../method.ts';

export const enginesCancel = defineBridgeMethod({
  name: 'engines.cancel',
  request: z.strictObject({ engine: z.literal('tensorflow') }),
  run: async (_request, { installation }) => {
    await installation.cancel();
    return engineEntries(installation);
  },
});
