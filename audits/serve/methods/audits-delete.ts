import { z } from 'zod';
import { MoatError } from '../../contract/errors.ts';
import { requireAudit } from '../../report/stored-result.ts';
import { auditIdSchema, entryOf } from '../audit-of.ts';
import { defineBridgeMethod } from '../method.ts';

export const auditsDelete = defineBridgeMethod({
  name: 'audits.delete',
  request: z.strictObject({ id: auditIdSchema }),
  run: ({ id }, context) => {
    requireAudit(context.store, id);
    if (context.runs.isRunning(id))
      throw new MoatError('usage', `Audit ${id} is running; stop it before it is deleted.`);
    context.writable().audits.setDeleted(id, new Date(context.clock.now()).toISOString());
    context.publish({ type: 'audits-changed' });
    return entryOf(context, id);
  },
});
