import { expect, test } from 'vitest';
import { auditWords } from './en/audits.ts';

test.each([
  [0, 0, 'none planned'],
  [0, 1, '0 of 1 cell'],
  [12, 4000, '12 of 4 000 cells'],
])('%i of %i cells are said as "%s"', (done, total, words) => {
  expect(auditWords.cells(done, total).replaceAll(/[\u202f\u00a0]/g, ' ')).toBe(words);
});

test('no state of an audit is called like a verdict', () => {
  const verdicts = Object.values(auditWords.verdicts).map((word) => word.toLowerCase());
  for (const word of Object.values(auditWords.states))
    expect(verdicts.filter((verdict) => word.toLowerCase().startsWith(verdict))).toEqual([]);
});
