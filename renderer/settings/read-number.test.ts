import { expect, test } from 'vitest';
import { readNumber } from './read-number.ts';

test.each([
  ['', null],
  [' 0.004 ', 0.004],
  ['0,5', 0.5],
  ['-1', undefined],
  ['1e3', undefined],
  ['ten', undefined],
  ['1.', undefined],
])('the price "%s" is read as %s', (text, value) => {
  expect(readNumber(text, { isWhole: false })).toBe(value);
});

test.each([
  ['4', 4],
  ['0', undefined],
  ['1.5', undefined],
])('the count "%s" is read as %s', (text, value) => {
  expect(readNumber(text, { isWhole: true })).toBe(value);
});
