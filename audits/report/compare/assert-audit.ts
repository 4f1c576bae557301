import { defenseName } from '../../contract/defense-name.ts';
import { exitCode } from '../../contract/errors.ts';
import type { AuditResult } from '../../contract/result.ts';
import { decideGate, type GateDecision } from '../../score/gate.ts';
import { percent, points, withInterval } from '../../score/sentences.ts';
import type { Acceptance } from './acceptances.ts';
import { compareSides, type Comparison, type MetricChange } from './compare-results.ts';
import { findingChanges, type FindingChange } from './finding-changes.ts';

export interface Assertion extends GateDecision {
  /** Everything that speaks against a pass, in whole sentences; empty for a pass. */
  readonly reasons: readonly string[];
  readonly findings: readonly FindingChange[];
  /** Null without a baseline. */
  readonly comparison: Comparison | null;
}

/** A new finding of these severities stands in the way of a release that the baseline did not have. */
const blocking = new Set(['critical', 'high']);

/**
 * May this encoder go out? The policy first; with a baseline also: no new grave finding that nobody has accepted, and no loss
 * of what the recommended defense gave before. Verdict, sentence and exit code are one decision.
 */
export function assertAudit(
  result: AuditResult,
  options: {
    readonly baseline: AuditResult | null;
    readonly acceptances: readonly Acceptance[];
    readonly today: string;
  },
): Assertion {
  const { baseline, acceptances, today } = options;
  const gate = decideGate(result);
  const findings = findingChanges(baseline, result, acceptances, today);
  const comparison =
    baseline === null
      ? null
      : compareSides({ result: baseline, defense: null }, { result, defense: null }, { acceptances, today });
  const reasons =
    comparison === null || baseline === null ? [] : sinceBaseline(comparison, [baseline, result]);
  if (gate.verdict !== 'pass')
    return { ...gate, reasons: [...verdictReasons(result), ...reasons], findings, comparison };
  if (reasons.length === 0) return { ...gate, reasons, findings, comparison };
  return {
    verdict: 'fail',
    sentence: 'a defense meets the policy, but the audit is worse than the baseline',
    exitCode: exitCode.policyFailed,
    reasons,
    findings,
    comparison,
  };
}

function verdictReasons({ verdicts }: AuditResult): readonly string[] {
  return verdicts.map(
    ({ defense, verdict, reason }) => `${defenseName(defense)}: ${verdict.replaceAll('-', ' ')}. ${reason}`,
  );
}

function sinceBaseline(
  { findings, changes }: Comparison,
  results: readonly AuditResult[],
): readonly string[] {
  const shipped = new Set(results.map(({ recommendation }) => recommendation.defense));
  return [
    ...findings
      .filter(({ status, finding }) => status === 'new' && blocking.has(finding.severity))
      .map(
        ({ finding, acceptance, isExpired }) =>
          `New since the baseline (${finding.severity}): ${finding.title}.${isExpired && acceptance !== null ? ` Its acceptance ended on ${acceptance.expires}.` : ''}`,
      ),
    ...changes
      .filter(({ kind, word, defense }) => kind === 'defense' && word === 'worse' && shipped.has(defense))
      .map(worseSentence),
  ];
}

function worseSentence({ defense, metric, before, after }: MetricChange): string {
  const spell = metric === 'worst-honest-loss' ? points : percent;
  const texts = [before, after].map((estimate) =>
    estimate === null ? 'not measured' : withInterval(estimate, spell),
  );
  return `Worse than the baseline: ${metric.replaceAll('-', ' ')} of ${defenseName(defense ?? '')}, ${texts.join(' before, ')} now.`;
}
