import { expect, test } from 'vitest';
import type { Estimate } from '../../audits/contract/result.ts';
import { contains, exceeds, isAbove, spell } from './step.ts';

const estimate = (low: number | null, value: number, high: number | null): Estimate => ({
  value,
  low,
  high,
  unit: 'fraction',
  seeds: 3,
  items: 100,
  method: 'by hand',
});

test('intervals decide only what they can', () => {
  expect(isAbove(estimate(0.1, 0.2, 0.3), 0)).toBe(true);
  expect(isAbove(estimate(-0.3, -0.2, -0.1), 0)).toBe(false);
  expect(isAbove(estimate(-0.1, 0.2, 0.3), 0)).toBeUndefined();
  expect(isAbove(estimate(null, 0.2, null), 0)).toBeUndefined();
  expect(contains(estimate(-0.1, 0.2, 0.3), 0)).toBe(true);
  expect(contains(estimate(0.1, 0.2, 0.3), 0)).toBe(false);
  expect(exceeds(estimate(0.4, 0.5, 0.6), estimate(0.1, 0.2, 0.3))).toBe(true);
  expect(exceeds(estimate(0.1, 0.2, 0.3), estimate(0.4, 0.5, 0.6))).toBe(false);
  expect(exceeds(estimate(0.1, 0.2, 0.5), estimate(0.4, 0.5, 0.6))).toBeUndefined();
});

test('an estimate is spelled with its interval, a missing one as a dash', () => {
  expect(spell(estimate(0.45, 0.513, 0.57))).toBe('0.51 [0.45, 0.57]');
  expect(spell(estimate(null, 0.513, null))).toBe('0.51');
  expect(spell(null)).toBe('–');
});
