import { z } from 'zod';
import { changesSince } from '../../report/changes-since.ts';
import { lastBefore, requireAudit } from '../../report/stored-result.ts';
import { auditIdSchema, resultOf } from '../audit-of.ts';
import { defineBridgeMethod } from '../method.ts';

export const auditsResult = defineBridgeMethod({
  name: 'audits.result',
  request: z.strictObject({ id: auditIdSchema }),
  run: async ({ id }, context) => {
    const audit = requireAudit(context.store, id);
    const result = await resultOf(context, audit);
    const earlier = lastBefore(context.store, audit.createdAt, result.encoder.digest);
    const today = new Date(context.clock.now()).toISOString().slice(0, 10);
    return {
      result,
      since: earlier === undefined ? null : changesSince(await resultOf(context, earlier), result, today),
      isPartial: result.state !== 'completed',
    };
  },
});
