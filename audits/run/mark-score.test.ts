import { expect, test } from 'vitest';
import { matrix } from '../contract/data.ts';
import { measureMark } from './mark-score.ts';

const suspect = matrix(new Float32Array(6), 3, 2);

test('of several marks and keys the one found best counts', () => {
  const marks = [0.1, 0.7, -0.2].map((score) => ({ id: 'mark', verify: () => score }));
  expect(measureMark(suspect, marks)).toEqual([
    { metric: 'mark-score', task: null, value: 0.7, unit: 'ratio', n: 3 },
  ]);
});

test('a defense without a mark is given no score', () => {
  expect(measureMark(suspect, [])).toEqual([]);
});
