import type { ReportContext, ReportProfile } from '../report/formats/format.ts';
import type { AuditId } from '../contract/cell.ts';
import type { AuditResult } from '../contract/result.ts';
import { lastBefore, requireAudit } from '../report/stored-result.ts';
import { resultOf } from './audit-of.ts';
import type { ServeContext } from './method.ts';

/**
 * A result and what its formats get beside it.
 * @throws MoatError `audit-unknown`
 */
export async function reportOf(
  context: ServeContext,
  id: AuditId,
  profile: ReportProfile,
): Promise<{ readonly result: AuditResult; readonly reportContext: ReportContext }> {
  const audit = requireAudit(context.store, id);
  const result = await resultOf(context, audit);
  const earlier = lastBefore(context.store, audit.createdAt, result.encoder.digest);
  const { moatVersion, clock, printPage } = context;
  return {
    result,
    reportContext: {
      profile,
      writtenAt: new Date(clock.now()).toISOString(),
      moatVersion,
      baseline: earlier === undefined ? undefined : await resultOf(context, earlier),
      printPage,
      say: (sentence) => context.publish({ type: 'task', task: 'reports.export', fraction: null, sentence }),
    },
  };
}
