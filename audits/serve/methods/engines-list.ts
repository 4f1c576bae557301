import { z } from 'zod';
import { engineEntries } from '../engine-entries.ts';
import { defineBridgeMethod } from '../method.ts';

export const enginesList = defineBridgeMethod({
  name: 'engines.list',
  request: z.strictObject({}),
  run: (_request, { installation }) => engineEntries(installation),
});
