import { expect, test } from 'vitest';
import { MoatError, errorTable, type ErrorCode } from '../contract/errors.ts';
import { windowErrorOf, windowHintOf, windowHints } from './window-hints.ts';

const codes = Object.keys(errorTable) as ErrorCode[];
/** What only a terminal understands. */
const ofTerminal = /--[a-z]|\bmoat [a-z]|\bnpm\b|\bcommand\b|\brun again\b/;

test.each(codes)('what a window says to do about %s needs no terminal', (code) => {
  const hint = windowHintOf(code);
  expect(hint).not.toMatch(ofTerminal);
  expect(hint).toMatch(/^[A-Z].*[^ ][.]$/);
});

test.each(Object.keys(windowHints) as ErrorCode[])('%s needs words of its own in a window', (code) => {
  expect(errorTable[code].hint).toMatch(ofTerminal);
});

test('an error goes to a window with what to do, and without its stack', () => {
  const error = new MoatError('disk-full', 'No space is left on /data.', { details: { path: '/data' } });
  expect(windowErrorOf(error)).toEqual({
    code: 'disk-full',
    message: 'No space is left on /data.',
    details: { path: '/data' },
    hint: windowHints['disk-full'],
  });
  expect(windowErrorOf(new TypeError('x is undefined'))).toMatchObject({
    code: 'internal',
    hint: errorTable.internal.hint,
  });
});
