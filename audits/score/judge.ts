import type { AuditResult } from '../contract/result.ts';
import { runChecks } from '../checks/registry.ts';
import { evaluateDetectors } from './detectors.ts';
import { gatherEvidence, type JudgeInput } from './evidence.ts';
import { writeFindings } from './findings.ts';
import { writeHeadline } from './headline.ts';
import { buildBaselines, buildMatrix } from './matrix-cells.ts';
import { registeredFacts, type MethodFacts } from './method-facts.ts';
import { defaultCosts } from '../plan/cost-assumptions.ts';
import { evaluateOwnership } from './ownership.ts';
import { buildCurves, raiseFactors } from './query-curves.ts';
import { recommend } from './recommendation.ts';
import { theftCosts } from './theft-costs.ts';
import { judgeDefenses } from './verdicts.ts';

export type { JudgeInput } from './evidence.ts';

/** The judged parts of an audit's result. */
export type Judgement = Pick<
  AuditResult,
  | 'baselines'
  | 'matrix'
  | 'verdicts'
  | 'curves'
  | 'raiseFactors'
  | 'detection'
  | 'ownership'
  | 'theft'
  | 'recommendation'
  | 'headline'
  | 'findings'
  | 'flags'
>;

/**
 * Judges stored measurements under the config's policy. Pure: equal input gives an equal judgement, whatever the order
 * of the cells; run it again under another policy without measuring anything.
 */
export function judge(input: JudgeInput, facts: MethodFacts = registeredFacts): Judgement {
  const evidence = gatherEvidence(input, facts);
  const matrix = buildMatrix(evidence);
  const verdicts = judgeDefenses(evidence);
  const curves = buildCurves(evidence);
  const assumptions = input.config.costs ?? defaultCosts;
  const recommendation = recommend(verdicts, {
    policy: input.config.policy,
    judgedBudget: evidence.judgedBudget,
  });
  const ownership = evaluateOwnership(evidence);
  const flags = runChecks({ evidence, matrix, verdicts });
  return {
    baselines: buildBaselines(evidence),
    matrix,
    verdicts,
    curves,
    raiseFactors: raiseFactors(curves),
    detection: evaluateDetectors(evidence, curves),
    ...(ownership === undefined ? {} : { ownership }),
    theft: { assumptions, costs: theftCosts(evidence, curves, assumptions) },
    recommendation,
    headline: writeHeadline(evidence, matrix, verdicts, recommendation),
    findings: writeFindings(evidence, matrix, verdicts, flags),
    flags,
  };
}
