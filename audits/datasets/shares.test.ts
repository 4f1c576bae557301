import { array, assert, integer, property } from 'fast-check';
import { expect, test } from 'vitest';
import { interleave, poolShares } from './shares.ts';

const pool = (name: string, share?: number): { name: string; path: string; share?: number } =>
  share === undefined ? { name, path: `/${name}` } : { name, path: `/${name}`, share };

test('pools without a share are mixed as large as they are, and share the rest where others name theirs', () => {
  expect(poolShares([pool('a'), pool('b')])).toBeUndefined();
  expect(poolShares([pool('a', 0.25), pool('b'), pool('c')])).toEqual([
    { name: 'b and c', share: 0.75, pools: [1, 2] },
    { name: 'a', share: 0.25, pools: [0] },
  ]);
  expect(poolShares([pool('a', 0.7), pool('b', 0.2), pool('c', 0.1)])).toHaveLength(3);
});

test('shares that cannot sum to one are refused', () => {
  expect(() => poolShares([pool('a', 0.7), pool('b', 0.7)])).toThrow('more than 1');
  expect(() => poolShares([pool('a', 0.3), pool('b', 0.3)])).toThrow('less than 1');
  expect(() => poolShares([pool('a', 0.5), pool('b', 0.5), pool('c')])).toThrow('nothing for c');
});

test('a prefix of an order has the shares to within one image, whatever the shares', () => {
  const weights = array(integer({ min: 1, max: 50 }), { minLength: 1, maxLength: 6 });
  assert(
    property(weights, (drawn) => {
      const total = drawn.reduce((sum, weight) => sum + weight, 0);
      const shares = drawn.map((weight) => weight / total);
      const taken = shares.map(() => 0);
      for (const [place, source] of interleave(shares, 200).entries()) {
        taken[source] = (taken[source] ?? 0) + 1;
        for (const [at, share] of shares.entries())
          expect(Math.abs((taken[at] ?? 0) - share * (place + 1))).toBeLessThan(1 + 1e-6);
      }
    }),
  );
});

test('seven tenths to three tenths', () => {
  const order = interleave([0.7, 0.3], 1000);
  expect(
    [10, 100, 1000].map((count) => order.subarray(0, count).filter((source) => source === 1).length),
  ).toEqual([3, 30, 300]);
});
