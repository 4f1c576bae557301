import { expect, test } from 'vitest';
import type { VerdictWord } from '../contract/result.ts';
import { sampleVerdict } from '../report/result.sample.ts';
import { decideGate } from './gate.ts';
import { endExitCode } from './session.ts';

const verdictsOf = (...words: readonly VerdictWord[]) => words.map((verdict) => sampleVerdict({ verdict }));

test.each<[readonly VerdictWord[], VerdictWord, number]>([
  [['fail', 'pass', 'not-measured'], 'pass', 0],
  [['fail', 'fail'], 'fail', 1],
  [['fail', 'inconclusive'], 'inconclusive', 1],
  [['fail', 'not-measured'], 'not-measured', 2],
  [[], 'not-measured', 2],
])('verdicts %j are "%s" with exit code %i', (words, verdict, code) => {
  const decision = decideGate({ verdicts: verdictsOf(...words) });
  expect(decision.verdict).toBe(verdict);
  expect(decision.exitCode).toBe(code);
});

test('without a policy a completed audit ends with 0 whatever its verdict', () => {
  const verdicts = verdictsOf('fail');
  expect(endExitCode({ state: 'completed', verdicts }, false)).toBe(0);
  expect(endExitCode({ state: 'completed', verdicts }, true)).toBe(1);
});

test('an audit that did not end is never a pass', () => {
  const verdicts = verdictsOf('pass');
  expect(endExitCode({ state: 'cancelled', verdicts }, true)).toBe(5);
  expect(endExitCode({ state: 'incomplete', verdicts }, true)).toBe(2);
});
