import { z } from 'zod';
import { pageInput } from '../../report/page-input.ts';
import { lastBefore, requireAudit } from '../../report/stored-result.ts';
import { auditIdSchema, resultOf } from '../audit-of.ts';
import { defineBridgeMethod } from '../method.ts';

export const auditsResult = defineBridgeMethod({
  name: 'audits.result',
  request: z.strictObject({ id: auditIdSchema }),
  run: async ({ id }, context) => {
    const audit = requireAudit(context.store, id);
    const stored = await resultOf(context, audit);
    const earlier = lastBefore(context.store, audit.createdAt, stored.encoder.digest);
    // The same join as every exported page is made by; whom it is written for, the window chooses.
    const {
      result,
      since,
      profile: _,
      ...page
    } = pageInput(stored, {
      profile: 'engineer',
      writtenAt: new Date(context.clock.now()).toISOString(),
      moatVersion: context.moatVersion,
      baseline: earlier === undefined ? undefined : await resultOf(context, earlier),
    });
    return { result, since, isPartial: result.state !== 'completed', page };
  },
});
