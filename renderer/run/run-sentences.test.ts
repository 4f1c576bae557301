import { expect, test } from 'vitest';
import { besideSentence, countsInWords, etaSentence, milestone, type Standing } from './run-sentences.ts';

test.each([
  [null, 'Time left is not known yet'],
  [20_000, 'Less than a minute left'],
  [61_000, 'About 1 minute left'],
  [12 * 60_000, 'About 12 minutes left'],
  [80 * 60_000, 'About 1 h 15 min left'],
  [119 * 60_000, 'About 2 h left'],
  [30 * 3_600_000, 'About 30 hours left'],
  [100 * 3_600_000, 'About 4 days left'],
])('%s ms ahead are "%s"', (ms, sentence) => {
  expect(etaSentence(ms).replaceAll('\u00a0', ' ')).toBe(sentence);
});

const standing = (change: Partial<Standing> = {}): Standing => ({
  state: 'running',
  stage: 'running',
  cellsDone: 0,
  cellsTotal: 1000,
  failed: 0,
  ...change,
});

test('a thousand cells are announced four times, not a thousand', () => {
  const said = Array.from({ length: 1000 }, (_, i) =>
    milestone(standing({ cellsDone: i }), standing({ cellsDone: i + 1 })),
  ).filter((sentence) => sentence !== null);
  expect(said).toHaveLength(4);
});

test('stages, the first failure and the end are announced; the screen that opens is not', () => {
  expect(milestone(standing({ state: null }), standing())).toBeNull();
  expect(milestone(standing({ stage: 'preparing' }), standing())).toBe('Running.');
  expect(milestone(standing(), standing({ failed: 1 }))).toMatch(/failed/);
  expect(milestone(standing({ failed: 1 }), standing({ failed: 2 }))).toBeNull();
  expect(
    milestone(standing({ failed: 2 }), standing({ state: 'completed', failed: 2 }))?.replaceAll(
      '\u00a0',
      ' ',
    ),
  ).toBe('The audit is done. The report is ready. 2 cells failed.');
});

test('states that no cell has are not counted aloud', () => {
  const none = { done: 0, running: 0, pending: 0, failed: 0, 'not-run': 0, 'not-applicable': 0 };
  expect(countsInWords(none)).toEqual([]);
  expect(countsInWords({ ...none, failed: 2, done: 1200, 'not-applicable': 1 })).toEqual([
    ['done', '1\u202f200 done'],
    ['failed', '2 failed'],
    ['not-applicable', '1 not applicable'],
  ]);
});

test('what has no place in the matrix is summed up: one by its state, several by how many are done', () => {
  expect(besideSentence([])).toBe('');
  expect(
    besideSentence([
      { kind: 'independent', state: 'done' },
      { kind: 'victim', state: 'not-run' },
      { kind: 'independent', state: 'running' },
      { kind: 'attack', state: 'done' },
    ]),
  ).toBe('The encoder itself: not run · Independent encoders: 1 of 2 done');
});
