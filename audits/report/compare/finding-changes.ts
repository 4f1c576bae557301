import type { AuditResult, Finding } from '../../contract/result.ts';
import { defenseOf, fingerprintOf } from '../finding-identity.ts';
import { acceptanceOf, holds, type Acceptance } from './acceptances.ts';

/** `not-checked`: it was there before, and what would show whether it still is was not measured. */
export type FindingStatus = 'new' | 'unchanged' | 'accepted' | 'fixed' | 'not-checked';

export interface FindingChange {
  readonly fingerprint: string;
  readonly status: FindingStatus;
  /** As the later audit has it, else the earlier one. */
  readonly finding: Finding;
  /** Whether the earlier audit had it too. */
  readonly isKnown: boolean;
  readonly acceptance: Acceptance | null;
  /** There is an acceptance, and its last day is over. */
  readonly isExpired: boolean;
}

/** @param before null: there is no earlier audit, so everything is new */
export function findingChanges(
  before: AuditResult | null,
  after: AuditResult,
  acceptances: readonly Acceptance[],
  today: string,
): readonly FindingChange[] {
  const earlier = new Map((before?.findings ?? []).map((finding) => [fingerprintOf(finding), finding]));
  const later = new Map(after.findings.map((finding) => [fingerprintOf(finding), finding]));
  const present = [...later].map(([fingerprint, finding]): FindingChange => {
    const acceptance = acceptanceOf(finding, acceptances) ?? null;
    const isAccepted = acceptance !== null && holds(acceptance, today);
    const isKnown = earlier.has(fingerprint);
    return {
      fingerprint,
      status: isAccepted ? 'accepted' : isKnown ? 'unchanged' : 'new',
      finding,
      isKnown,
      acceptance,
      isExpired: acceptance !== null && !isAccepted,
    };
  });
  const gone = [...earlier]
    .filter(([fingerprint]) => !later.has(fingerprint))
    .map(([fingerprint, finding]): FindingChange => ({
      fingerprint,
      status: wasMeasured(finding, after) ? 'fixed' : 'not-checked',
      finding,
      isKnown: true,
      acceptance: null,
      isExpired: false,
    }));
  return [...present, ...gone];
}

/** A finding that is gone because nobody looked is not fixed. */
function wasMeasured(finding: Finding, { state, verdicts }: AuditResult): boolean {
  const subject = defenseOf(finding) ?? 'none';
  const verdict = verdicts.find(({ defense }) => defense === subject);
  return (
    state === 'completed' &&
    verdict !== undefined &&
    verdict.verdict !== 'not-measured' &&
    verdict.worstStolenGain !== null
  );
}
