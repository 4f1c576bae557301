import { expect, test } from 'vitest';
import { pageTexts, pageText } from './page-text.ts';

test.each([
  ['a\u202Egpj.exe', 'a gpj.exe'],
  ['one\ntwo\u0007', 'one two '],
  ['zero\u200Bwidth', 'zero width'],
  ['\u2067hidden\u2069', ' hidden '],
  ['\u001b[31mred\u001b[0m', 'red'],
  ['plain – “quoted” 模型', 'plain – “quoted” 模型'],
])('what would steer the page around it is taken out of %j', (given, expected) => {
  expect(pageText(given)).toBe(expected);
});

test('right-to-left words stand isolated, and the isolation is closed', () => {
  expect(pageText('מודל חדש 82 %')).toBe('\u2068מודל חדש\u2069 82 %');
});

test('what has nothing to clean is not copied', () => {
  const given = { names: ['a', { deep: 'b' }], number: 1 };
  expect(pageTexts(given)).toBe(given);
  const mixed = { clean: given, other: ['x', 'y\u0000'] };
  expect(pageTexts(mixed).clean).toBe(given);
  expect(mixed.other).toEqual(['x', 'y\u0000']);
});

test('every string of a value is cleaned, names of properties too; nothing else changes', () => {
  const given = { 'a\u202E': ['x\u0000', 1, null], nested: { deep: '\u2066y' }, isTrue: true };
  expect(pageTexts(given)).toEqual({ 'a ': ['x ', 1, null], nested: { deep: ' y' }, isTrue: true });
});
