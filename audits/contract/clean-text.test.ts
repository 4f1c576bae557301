import { expect, test } from 'vitest';
import { cleanText } from './clean-text.ts';

test.each([
  ['colors', '\u001b[1;31mred\u001b[0m', 'red'],
  ['a cursor moved in C1 letters', 'a\u009b2Kb', 'ab'],
  ['a link', '\u001b]8;;https://example.com\u0007here\u001b]8;;\u001b\\', 'here'],
  ['a title without an end', '\u001b]0;mine', ' ]0;mine'],
  ['a control string', '\u001bPq#0\u001b\\x', 'x'],
  ['a short sequence', '\u001b(B\u001b7x', 'x'],
])('escape sequences go: %s', (_what, given, expected) => {
  expect(cleanText(given)).toBe(expected);
});

test('other controls and what is not seen become one space, joiners within words stay', () => {
  expect(cleanText('a\r\nb\u202ec\u200b\u2066d\ufeff\ud800')).toBe('a b c d \ufffd');
  expect(cleanText('👩‍🚀 می‌خواهم')).toBe('👩‍🚀 می‌خواهم');
});
