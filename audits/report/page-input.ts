import type { ReportInput } from '../contract/report.ts';
import type { AuditResult } from '../contract/result.ts';
import { decideGate } from '../score/gate.ts';
import { changesSince } from './changes-since.ts';
import { crosswalk } from './crosswalk/crosswalk.ts';
import type { ReportContext } from './formats/format.ts';
import { glossary } from './glossary.ts';
import { describeMethods } from './methods/describe-methods.ts';

/** Joins a result with what its readers need besides: everything that the pages of a report are rendered from. */
export function pageInput(result: AuditResult, context: ReportContext): ReportInput {
  const { verdict, sentence } = decideGate(result);
  return {
    result,
    verdict: { word: verdict, sentence },
    judgedBudget: judgedBudget(result.config),
    writtenAt: context.writtenAt,
    profile: context.profile,
    since:
      context.baseline === undefined
        ? null
        : changesSince(context.baseline, result, context.writtenAt.slice(0, 10)),
    methods: describeMethods(result),
    glossary,
    crosswalk: crosswalk(result),
  };
}

/** As verdicts have it: the policy's budget, else the largest run below it, else the smallest. */
function judgedBudget({ budgets, policy }: AuditResult['config']): number {
  const within = budgets.filter((budget) => budget <= policy.budget);
  return within.length > 0 ? Math.max(...within) : Math.min(...budgets);
}
