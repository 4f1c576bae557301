import { exitCode } from '../contract/errors.ts';
import type { AuditResult, VerdictWord } from '../contract/result.ts';

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
  inconclusive: 'no defense is shown to meet the policy; one cannot be told either way',
  'not-measured': 'no defense is shown to meet the policy; one was not measured completely',
  fail: 'no defense meets the policy',
} as const satisfies Record<VerdictWord, string>;

const exitCodes = {
  pass: exitCode.ok,
  fail: exitCode.policyFailed,
  inconclusive: exitCode.policyFailed,
  'not-measured': exitCode.error,
} as const satisfies Record<VerdictWord, number>;

export function decideGate(result: Pick<AuditResult, 'verdicts'>): GateDecision {
  const words = new Set(result.verdicts.map((verdict) => verdict.verdict));
  const verdict = order.find((word) => words.has(word)) ?? 'not-measured';
  return { verdict, sentence: sentences[verdict], exitCode: exitCodes[verdict] };
}
