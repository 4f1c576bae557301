import { describe, expect, test } from 'vitest';
import { median, pairedRatio, quantile, spread } from './statistics.ts';

test('the median does not depend on order and lies between two middle values', () => {
  expect(median([3, 1, 2])).toBe(2);
  expect(median([4, 1, 2, 3])).toBe(2.5);
});

test('quantiles are NumPy’s', () => {
  // numpy.quantile([1, 2, 4, 8], [0.25, 0.75])
  expect(quantile([8, 1, 4, 2], 0.25)).toBe(1.75);
  expect(quantile([8, 1, 4, 2], 0.75)).toBe(5);
  expect(() => quantile([], 0.5)).toThrow('no values');
});

describe('the ratio of two sides', () => {
  test('is paired: a machine that halves its speed for a while changes nothing', () => {
    const rates = [10, 5, 10, 2.5, 10];
    const others = [20, 10, 20, 5, 20];
    expect(pairedRatio(rates, others)).toEqual(spread([0.5]));
    // The last rounds disturbed one side only: the median holds, the range shows it.
    const { median: middle, low, high } = pairedRatio([10, 5, 10, 2.5, 1], others);
    expect([middle, low, high]).toEqual([0.5, 0.05, 0.5]);
  });

  test('needs as many rounds of both', () => {
    expect(() => pairedRatio([1, 2], [1])).toThrow('cannot be paired');
  });
});
