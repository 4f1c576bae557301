import { z } from 'zod';
import { readAccepted } from '../accepted-file.ts';
import { defineBridgeMethod } from '../method.ts';

export const findingsAccepted = defineBridgeMethod({
  name: 'findings.accepted',
  request: z.strictObject({}),
  run: (_request, context) => readAccepted(context),
});
