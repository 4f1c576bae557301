import { z } from 'zod';
import { auditEntry } from '../entries.ts';
import { defineBridgeMethod } from '../method.ts';

export const auditsList = defineBridgeMethod({
  name: 'audits.list',
  request: z.strictObject({ deleted: z.boolean().optional() }),
  run: ({ deleted = false }, { store }) => store.audits.list({ deleted }).map(auditEntry),
});
