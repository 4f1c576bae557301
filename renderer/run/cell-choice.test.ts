import { expect, test } from 'vitest';
import { entryNames, entryStanding, inOrder, mostTelling, spellMeasured } from './cell-choice.ts';

const asked = (budget: number | null, accounts: number | null, seed: number) => ({ budget, accounts, seed });
const plainSpaces = (text: string): string => text.replaceAll(/[\u00a0\u202f]/g, ' ');

test('cells of a place stand by budget, then accounts, then seed', () => {
  const cells = [
    asked(2000, 1, 0),
    asked(500, 10, 0),
    asked(500, 1, 1),
    asked(null, null, 0),
    asked(500, 1, 0),
  ];
  expect(inOrder(cells)).toEqual([
    asked(null, null, 0),
    asked(500, 1, 0),
    asked(500, 1, 1),
    asked(500, 10, 0),
    asked(2000, 1, 0),
  ]);
});

test.each([
  [['done', 'running', 'failed'], 2],
  [['done', 'pending', 'running'], 2],
  [['done', 'done', 'pending'], 1],
  [['pending', 'not-run'], 0],
] as const)('of %j the one that tells most comes first', (states, index) => {
  const cells = states.map((state) => ({ state }));
  expect(mostTelling(cells)).toBe(cells[index]);
});

test('accounts are named only where they tell cells apart', () => {
  expect(entryNames([asked(1, 1, 0), asked(2000, 1, 3)]).map(plainSpaces)).toEqual([
    '1 query, seed 0',
    '2 000 queries, seed 3',
  ]);
  expect(entryNames([asked(500, 1, 0), asked(500, 10, 0)]).map(plainSpaces)).toEqual([
    '500 queries, 1 account, seed 0',
    '500 queries, 10 accounts, seed 0',
  ]);
  expect(entryNames([asked(null, null, 0)])).toEqual(['seed 0']);
});

test.each([
  [{ state: 'running', fraction: 0.409, stolenGain: null }, '40 %'],
  [{ state: 'done', fraction: 1, stolenGain: 0.376 }, '0.38'],
  [{ state: 'not-applicable', fraction: 0, stolenGain: null }, 'not applicable'],
] as const)('%j stands as %s', (entry, words) => {
  expect(entryStanding(entry)).toBe(words);
});

test('large values are counts, others have four digits that count', () => {
  expect(plainSpaces(spellMeasured(12_345.6))).toBe('12 346');
  expect(spellMeasured(0.123456)).toBe('0.1235');
  expect(spellMeasured(2)).toBe('2');
});
