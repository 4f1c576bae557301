import type { AuditResult } from '../contract/result.ts';
import { runChecks } from '../checks/registry.ts';
import { gatherEvidence, type JudgeInput } from './evidence.ts';
import { writeFindings } from './findings.ts';
import { writeHeadline } from './headline.ts';
import { buildBaselines, buildMatrix } from './matrix-cells.ts';
import { registeredFacts, type MethodFacts } from './method-facts.ts';
import { recommend } from './recommendation.ts';
import { judgeDefenses } from './verdicts.ts';

export type { JudgeInput } from './evidence.ts';

/** The judged parts of an audit's result. */
export type Judgement = Pick<
  AuditResult,
  'baselines' | 'matrix' | 'verdicts' | 'recommendation' | 'headline' | 'findings' | 'flags'
>;

/**
 * Judges stored measurements under the config's policy. Pure: equal input gives an equal judgement, whatever the order
 * of the cells; run it again under another policy without measuring anything.
 */
export function judge(input: JudgeInput, facts: MethodFacts = registeredFacts): Judgement {
  const evidence = gatherEvidence(input, facts);
  const matrix = buildMatrix(evidence);
  const verdicts = judgeDefenses(evidence);
  const recommendation = recommend(verdicts);
  const flags = runChecks({ evidence, matrix, verdicts });
  return {
    baselines: buildBaselines(evidence),
    matrix,
    verdicts,
    recommendation,
    headline: writeHeadline(evidence, matrix, verdicts, recommendation),
    findings: writeFindings(evidence, matrix, verdicts, flags),
    flags,
  };
}
