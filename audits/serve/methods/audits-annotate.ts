import { z } from 'zod';
import { requireAudit } from '../../report/stored-result.ts';
import { auditIdSchema, entryOf } from '../audit-of.ts';
import { defineBridgeMethod } from '../method.ts';

const MOST_TAGS = 20;
const tag = z.string().trim().min(1).max(40);

export const auditsAnnotate = defineBridgeMethod({
  name: 'audits.annotate',
  request: z.strictObject({
    id: auditIdSchema,
    tags: z
      .array(tag)
      .max(MOST_TAGS)
      .transform((tags) => [...new Set(tags)])
      .optional(),
    note: z.string().max(10_000).optional(),
  }),
  run: ({ id, tags, note }, context) => {
    requireAudit(context.store, id);
    context.writable().audits.annotate(id, {
      ...(tags === undefined ? {} : { tags }),
      ...(note === undefined ? {} : { note }),
    });
    context.publish({ type: 'audits-changed' });
    return entryOf(context, id);
  },
});
