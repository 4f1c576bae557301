import { expect, test } from 'vitest';
import type { VerdictWord } from '../contract/result.ts';
import { sampleVerdict } from '../report/result.sample.ts';
import { endExitCode } from './session.ts';

const verdictsOf = (...words: readonly VerdictWord[]) => words.map((verdict) => sampleVerdict({ verdict }));

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
