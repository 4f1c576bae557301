import { expect, test } from 'vitest';
import { splitToken, takeToken } from './token.ts';

test.each([
  ['#token=abc', 'abc', '#/'],
  ['#/run/7?token=abc', 'abc', '#/run/7'],
  ['#/new?encoder=%2Fa&token=abc', 'abc', '#/new?encoder=%2Fa'],
  ['#/history', null, '#/history'],
  ['', null, '#/'],
])('of "%s" the token is %s and the place %s', (hash, token, place) => {
  expect(splitToken(hash)).toEqual({ token, hash: place });
});

test('the token is kept for the tab and taken out of the address; a reload finds it', () => {
  const kept = new Map<string, string>();
  const storage = {
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, value: string) => void kept.set(key, value),
  };
  const addresses: string[] = [];
  const history = { replaceState: (_: unknown, __: string, url: string) => void addresses.push(url) };
  const at = (hash: string) => ({ pathname: '/', search: '', hash });
  expect(takeToken(at('#/run/7?token=abc'), history as never, storage)).toBe('abc');
  expect(addresses).toEqual(['/#/run/7']);
  expect(takeToken(at('#/run/7'), history as never, storage)).toBe('abc');
});
