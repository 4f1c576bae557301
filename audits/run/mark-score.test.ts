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

test('a mark in the encoder is read from answers to its own turned images', () => {
  const turned = matrix(new Float32Array(10), 5, 2);
  const marks = [
    { id: 'in replies', verify: () => 0.1 },
    { id: 'in the encoder', keyDigest: 'key', verify: ({ rows }: { readonly rows: number }) => rows / 10 },
  ];
  expect(measureMark(suspect, marks, new Map([['key', turned]]))).toMatchObject([{ value: 0.5, n: 5 }]);
  expect(measureMark(suspect, marks)).toMatchObject([{ value: 0.1, n: 3 }]);
});

test('a defense without a mark is given no score', () => {
  expect(measureMark(suspect, [])).toEqual([]);
});
