import { array, assert, integer, property, string } from 'fast-check';
import stringWidth from 'string-width';
import { expect, test } from 'vitest';
import { cleanText, hangingText, shortenMiddle, truncateText, wrapText } from './text.ts';

const words = array(string({ unit: 'grapheme', maxLength: 30 }).map(cleanText), { maxLength: 20 });

test('cleaning takes away escape sequences, controls and text direction marks', () => {
  expect(cleanText('\u001b[31mred\u001b[0m\u0007 a\r\nb\u202ec\u2066d\ud800')).toBe('red  a b c d\ufffd');
});

test('emoji that are joined from several characters survive cleaning', () => {
  expect(cleanText('👩‍🚀 名前')).toBe('👩‍🚀 名前');
});

test('truncation never exceeds its columns and keeps short text as it is', () => {
  assert(
    property(words, integer({ min: 1, max: 60 }), (parts, columns) => {
      const text = parts.join(' ');
      const short = truncateText(text, columns);
      expect(stringWidth(short)).toBeLessThanOrEqual(columns);
      if (stringWidth(text) <= columns) expect(short).toBe(text);
      expect(stringWidth(shortenMiddle(text, columns))).toBeLessThanOrEqual(columns);
    }),
  );
});

test('a shortened path keeps its file name', () => {
  expect(shortenMiddle('/a/very/long/folder/with/many/parts/encoder.onnx', 30)).toMatch(/encoder\.onnx$/);
});

test('wrapping loses no word and fits, even when a word is longer than a line', () => {
  assert(
    property(words, integer({ min: 8, max: 60 }), (parts, columns) => {
      const lines = wrapText(parts.join(' '), columns);
      expect(lines.join('').replaceAll(' ', '')).toBe(parts.join('').replaceAll(' ', ''));
      for (const line of lines) expect(stringWidth(line)).toBeLessThanOrEqual(columns);
    }),
  );
});

test('hanging text stands under its first word', () => {
  expect(hangingText('  fail  ', 'one two three four five', 24)).toEqual([
    '  fail  one two three',
    '        four five',
  ]);
});

test('hanging text goes below a first part that leaves no room', () => {
  expect(hangingText('  a rather long first part  ', 'one two', 32)).toEqual([
    '  a rather long first part',
    '    one two',
  ]);
});

test('a number is not broken where its thousands are set apart, nor from its percent sign', () => {
  expect(wrapText('takes 1 000 queries', 8)).toEqual(['takes', '1 000', 'queries']);
  expect(wrapText('of 12 345 678 cells', 12)).toEqual(['of', '12 345 678', 'cells']);
  expect(wrapText('copies 87 % of it', 9)).toEqual(['copies', '87 % of', 'it']);
  expect(wrapText('seed 1 of 3000 images', 9)).toEqual(['seed 1 of', '3000', 'images']);
});
