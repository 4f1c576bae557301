import { z } from 'zod';
import { diskUsage } from '../disk-usage.ts';
import { defineBridgeMethod } from '../method.ts';

export const historyUsage = defineBridgeMethod({
  name: 'history.usage',
  request: z.strictObject({}),
  run: (_request, { store }) => diskUsage(store),
});
