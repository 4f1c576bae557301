import { z } from 'zod';
import { requireAudit } from '../../report/stored-result.ts';
import { auditIdSchema, entryOf } from '../audit-of.ts';
import { defineBridgeMethod } from '../method.ts';

export const auditsRestore = defineBridgeMethod({
  name: 'audits.restore',
  request: z.strictObject({ id: auditIdSchema }),
  run: ({ id }, context) => {
    requireAudit(context.store, id);
    context.writable().audits.setDeleted(id, null);
    context.publish({ type: 'audits-changed' });
    return entryOf(context, id);
  },
});
