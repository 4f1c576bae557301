import type { ChangesSince } from '../contract/report.ts';
import type { AuditResult } from '../contract/result.ts';
import { compareSides } from './compare/compare-results.ts';
import type { ChangeWord } from './compare/difference.ts';
import type { FindingStatus } from './compare/finding-changes.ts';

/**
 * What a launch meeting has to hear of an earlier audit.
 * @param today `YYYY-MM-DD` in UTC
 */
export function changesSince(before: AuditResult, after: AuditResult, today: string): ChangesSince {
  const comparison = compareSides(
    { result: before, defense: null },
    { result: after, defense: null },
    { today },
  );
  const titles = (status: FindingStatus): readonly string[] =>
    comparison.findings.filter((change) => change.status === status).map(({ finding }) => finding.title);
  const numbers = (...words: readonly ChangeWord[]): number =>
    comparison.changes.filter(({ word }) => words.includes(word)).length;
  return {
    auditId: before.auditId,
    createdAt: before.createdAt,
    verdict: comparison.before.verdict,
    isSameEncoder: before.encoder.digest === after.encoder.digest,
    newFindings: titles('new'),
    fixedFindings: titles('fixed'),
    unchangedFindings: titles('unchanged').length,
    uncheckedFindings: titles('not-checked').length,
    comparedNumbers: comparison.changes.filter(
      ({ word, delta }) => word !== 'not-comparable' && delta !== null,
    ).length,
    worseNumbers: numbers('worse'),
    betterNumbers: numbers('better'),
    otherSettings: comparison.configuration.length,
  };
}
