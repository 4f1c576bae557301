import { exitCode } from '../contract/errors.ts';
import type { AuditResult, DefenseVerdict, VerdictWord } from '../contract/result.ts';

/** The answer to "may this encoder go out under the policy?", and the exit code that says the same. */
export interface GateDecision {
  readonly verdict: VerdictWord;
  readonly sentence: string;
  readonly exitCode: number;
}

/** Best first: one passing defense is enough, since the provider ships one. */
const order: readonly VerdictWord[] = ['pass', 'inconclusive', 'not-measured', 'fail'];

const sentences = {
  pass: 'a defense meets the policy',
  inconclusive: 'no defense is shown to meet the policy; at least one cannot be told either way',
  'not-measured': 'no defense is shown to meet the policy; at least one was not measured completely',
  fail: 'no defense meets the policy',
} as const satisfies Record<VerdictWord, string>;

const exitCodes = {
  pass: exitCode.ok,
  fail: exitCode.policyFailed,
  inconclusive: exitCode.policyFailed,
  'not-measured': exitCode.error,
} as const satisfies Record<VerdictWord, number>;

/** What every format prints as the audit's verdict. An audit that did not end never passes. */
export function decideGate(result: {
  readonly state: AuditResult['state'];
  readonly verdicts: readonly Pick<DefenseVerdict, 'verdict'>[];
}): GateDecision {
  const words = new Set(result.verdicts.map((verdict) => verdict.verdict));
  const found = order.find((word) => words.has(word)) ?? 'not-measured';
  if (found === 'pass' && result.state !== 'completed')
    return {
      verdict: 'not-measured',
      sentence: 'the audit did not end; what it left out may still break the defense that passes so far',
      exitCode: exitCodes['not-measured'],
    };
  return { verdict: found, sentence: sentences[found], exitCode: exitCodes[found] };
}

/** `not measured`, as people read it. */
export function verdictText(word: VerdictWord): string {
  return word === 'not-measured' ? 'not measured' : word;
}
