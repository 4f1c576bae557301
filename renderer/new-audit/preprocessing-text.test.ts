import { expect, test } from 'vitest';
import { readSize, readTriple, spellTriple } from './preprocessing-text.ts';

test.each([
  ['0.5', [0.5, 0.5, 0.5]],
  ['0.485, 0.456, 0.406', [0.485, 0.456, 0.406]],
  [' 1;2 3 ', [1, 2, 3]],
  ['0.5, 0.5', undefined],
  ['0.5, a, 0.5', undefined],
  ['1, 2, 3, 4', undefined],
  ['Infinity', undefined],
  ['', undefined],
])('%j is read as %j', (text, triple) => {
  expect(readTriple(text)).toEqual(triple);
});

test('what was read is written as it would be typed', () => {
  expect(spellTriple([0.48500001, 0.456, 1])).toBe('0.485, 0.456, 1');
  expect(readTriple(spellTriple([0.1234567, 0, 2]))).toEqual([0.12346, 0, 2]);
  expect(spellTriple(undefined)).toBe('');
});

test.each([
  ['224', 224],
  [' 32 ', 32],
  ['0', undefined],
  ['1e3', undefined],
  ['-8', undefined],
  ['', undefined],
])('%j pixels are %j', (text, size) => {
  expect(readSize(text)).toBe(size);
});
