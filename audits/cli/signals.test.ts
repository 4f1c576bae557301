import { expect, test } from 'vitest';
import { judgeStop, SAME_PRESS_MS } from './signals.ts';

test('the first Ctrl-C stops at a safe point', () => {
  expect(judgeStop(null, 5000)).toBe('stop');
});

test('the same Ctrl-C delivered again by npm or the terminal counts once', () => {
  expect(judgeStop(5000, 5003)).toBe('ignore');
  expect(judgeStop(5000, 5000 + SAME_PRESS_MS)).toBe('ignore');
});

test('a second, later Ctrl-C ends at once', () => {
  expect(judgeStop(5000, 5001 + SAME_PRESS_MS)).toBe('kill');
});
