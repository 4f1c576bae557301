import type * as NodeCrypto from 'node:crypto';
import { expect, test, vi } from 'vitest';

const compared = vi.hoisted(() => [] as (readonly [number, number])[]);
vi.mock('node:crypto', async (original) => {
  const crypto = await original<typeof NodeCrypto>();
  return {
    ...crypto,
    timingSafeEqual: (a: Buffer, b: Buffer) => {
      compared.push([a.length, b.length]);
      return crypto.timingSafeEqual(a, b);
    },
  };
});
const { bearerOf, createToken, isToken } = await import('./token.ts');

test('tokens are compared in constant time, whatever their length', () => {
  const token = createToken();
  expect(isToken(token, token)).toBe(true);
  for (const other of ['', 'x', token.slice(0, -1), `${token}A`, createToken()])
    expect(isToken(other, token)).toBe(false);
  expect(compared).toEqual(Array.from({ length: 6 }, () => [32, 32]));
});

test('a header without a bearer token has an empty one', () => {
  expect(bearerOf('Bearer abc-_1')).toBe('abc-_1');
  for (const header of [
    undefined,
    '',
    'Bearer',
    'bearer abc',
    'Basic abc',
    'Bearer a b',
    `Bearer ${'a'.repeat(500)}`,
  ])
    expect(bearerOf(header)).toBe('');
});
