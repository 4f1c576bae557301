import { z } from 'zod';
import { MoatError } from '../../contract/errors.ts';
import { requireAudit } from '../../report/stored-result.ts';
import { requireStoredDevice, requireUnfinished } from '../../run/resumable.ts';
import { auditIdSchema, entryOf, requireNoPlugins } from '../audit-of.ts';
import { requireConfirmed } from '../confirmed.ts';
import { defineBridgeMethod } from '../method.ts';

export const auditsResume = defineBridgeMethod({
  name: 'audits.resume',
  request: z.strictObject({
    id: auditIdSchema,
    retryFailed: z.boolean().optional(),
    confirmed: z.boolean().optional(),
  }),
  run: async ({ id, retryFailed = false, confirmed }, context) => {
    const audit = requireAudit(context.store, id);
    if (context.runs.isRunning(id)) return { id };
    if (entryOf(context, id).deletedAt !== null)
      throw new MoatError('usage', `Audit ${id} is deleted; restore it before it goes on.`);
    requireUnfinished(context.store, audit, { failed: retryFailed });
    requireNoPlugins(audit);
    requireConfirmed(audit.config, confirmed);
    context.writable();
    await requireStoredDevice(audit);
    context.runs.resume(id, { failed: retryFailed });
    return { id };
  },
});
