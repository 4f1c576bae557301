import { expect, test } from 'vitest';
import type { Estimate } from '../../audits/contract/result.ts';
import {
  spellCount,
  spellDollars,
  spellDuration,
  spellEstimate,
  spellFraction,
  spellPercent,
  spellQueries,
} from './numbers.ts';

const plain = (text: string): string => text.replaceAll(/[\u202f\u00a0]/g, ' ').replaceAll('\u2212', '-');
const estimate: Estimate = {
  value: 0.821,
  low: 0.78,
  high: 0.86,
  unit: 'fraction',
  seeds: 3,
  items: 2000,
  method: 'two-level',
};

test.each([
  [spellCount(1_234_567), '1 234 567'],
  [spellCount(999), '999'],
  [spellFraction(-0.001), '0.00'],
  [spellFraction(-0.25), '-0.25'],
  [spellPercent(0.947), '94.7 %'],
  [spellPercent(0.5), '50 %'],
  [spellPercent(0.00049), '0.05 %'],
  [spellPercent(0), '0 %'],
  [spellDollars(0.00012), '$0.00012'],
  [spellDollars(12_345.6), '$12 346'],
  [spellDuration(9000), '9.0 s'],
  [spellDuration(200_000), '3 min 20 s'],
  [spellDuration(7_500_000), '2 h 05 min'],
  [spellQueries({ queries: 2000, relation: 'more-than' }), 'more than 2 000'],
  [spellEstimate(estimate), '0.82 [0.78, 0.86]'],
  [spellEstimate({ ...estimate, low: null }), '0.82 (no interval)'],
  [spellEstimate(estimate, 'percent'), '82 % [78 %, 86 %]'],
  [spellEstimate(null), 'not measured'],
])('numbers read as people write them: %s', (spelled, expected) => {
  expect(plain(spelled)).toBe(expected);
});

test('a number never breaks between its groups or from its unit', () => {
  expect(spellCount(12_345) + spellPercent(0.5) + spellDuration(200_000)).not.toContain(' ');
});
