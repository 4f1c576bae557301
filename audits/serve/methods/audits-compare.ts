import { z } from 'zod';
import { compareSides, requireDefense, type ComparedSide } from '../../report/compare/compare-results.ts';
import { requireAudit } from '../../report/stored-result.ts';
import { readAccepted } from '../accepted-file.ts';
import { auditIdSchema, resultOf } from '../audit-of.ts';
import { defineBridgeMethod, type ServeContext } from '../method.ts';
import { today } from '../today.ts';

const sideSchema = z.strictObject({ id: auditIdSchema, defense: z.string().min(1).max(2000).optional() });

export const auditsCompare = defineBridgeMethod({
  name: 'audits.compare',
  request: z.strictObject({ from: sideSchema, to: sideSchema }),
  run: async ({ from, to }, context) =>
    compareSides(await readSide(from, context), await readSide(to, context), {
      acceptances: readAccepted(context),
      today: today(context.clock),
    }),
});

async function readSide(
  {
    id,
    defense = null,
  }: { readonly id: z.infer<typeof auditIdSchema>; readonly defense?: string | null | undefined },
  context: ServeContext,
): Promise<ComparedSide> {
  const result = await resultOf(context, requireAudit(context.store, id));
  requireDefense(result, defense);
  return { result, defense };
}
