import { z } from 'zod';
import { MoatError } from '../../contract/errors.ts';
import { parsePolicy, policySchema } from '../../plan/policy.ts';
import { assertAudit } from '../../report/compare/assert-audit.ts';
import { requireAudit } from '../../report/stored-result.ts';
import { judgeAudit } from '../../run/runner.ts';
import { readAccepted } from '../accepted-file.ts';
import { auditIdSchema, requireNoPlugins, resultOf } from '../audit-of.ts';
import { defineBridgeMethod } from '../method.ts';
import { today } from '../today.ts';

/** Judged anew from its measurements, by the policy asked: nothing is measured and nothing is stored. */
export const auditsAssert = defineBridgeMethod({
  name: 'audits.assert',
  request: z.strictObject({ id: auditIdSchema, policy: policySchema, baseline: auditIdSchema.optional() }),
  run: async ({ id, policy, baseline }, context) => {
    const audit = requireAudit(context.store, id);
    if (audit.preparation === null)
      throw new MoatError('audit-unknown', `Audit ${id} has measured nothing that could be judged.`);
    requireNoPlugins(audit);
    const config = { ...audit.config, policy: parsePolicy(policy, 'policy') };
    const result = await judgeAudit({ ...audit, config }, context);
    const earlier = baseline === undefined ? null : requireAudit(context.store, baseline);
    const { verdict, sentence, exitCode, reasons } = assertAudit(result, {
      baseline: earlier === null ? null : await resultOf(context, earlier),
      acceptances: readAccepted(context),
      today: today(context.clock),
    });
    return { verdict, sentence, exitCode, reasons };
  },
});
