import { expect, test } from 'vitest';
import type { VerdictWord } from '../contract/result.ts';
import { sampleVerdict } from '../report/result.sample.ts';
import { decideGate } from './gate.ts';

const verdictsOf = (...words: readonly VerdictWord[]) => words.map((verdict) => sampleVerdict({ verdict }));

test.each<[readonly VerdictWord[], VerdictWord, number]>([
  [['fail', 'pass', 'not-measured'], 'pass', 0],
  [['fail', 'fail'], 'fail', 1],
  [['fail', 'inconclusive'], 'inconclusive', 1],
  [['fail', 'not-measured'], 'not-measured', 2],
  [[], 'not-measured', 2],
])('verdicts %j are "%s" with exit code %i', (words, verdict, code) => {
  const decision = decideGate({ state: 'completed', verdicts: verdictsOf(...words) });
  expect(decision.verdict).toBe(verdict);
  expect(decision.exitCode).toBe(code);
});

test.each(['cancelled', 'incomplete'] as const)('an audit that is %s passes nothing', (state) => {
  expect(decideGate({ state, verdicts: verdictsOf('pass') })).toMatchObject({
    verdict: 'not-measured',
    exitCode: 2,
  });
  expect(decideGate({ state, verdicts: verdictsOf('fail') }).verdict).toBe('fail');
});
