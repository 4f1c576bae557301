import { z } from 'zod';
import { defineBridgeMethod } from '../method.ts';

export const appHello = defineBridgeMethod({
  name: 'app.hello',
  request: z.strictObject({}),
  run: (_request, context) => {
    const { moatVersion, engineLife, host } = context;
    const readOnlyBecause = context.readOnlyBecause();
    return { moatVersion, engineLife, host, readOnlyBecause, database: context.store.path };
  },
});
