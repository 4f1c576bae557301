import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { fixedText, intervalText, percentText, pointsText, significantText } from './rounding.ts';

test.each([
  [percentText(0.6685, 'down'), '66'],
  [percentText(0.7625, 'up'), '77'],
  [percentText(0.947), '94.7'],
  [percentText(0.00049), '0.05'],
  [percentText(0.00049, 'down'), '0.04'],
  [percentText(0.29, 'down'), '29'],
  [percentText(-0.0304, 'down'), '-3.1'],
  [percentText(1e-17, 'up'), '0'],
  [percentText(0.9996, 'up'), '100'],
  [fixedText(-0.001, 2, 'up'), '0.00'],
  [fixedText(-0.001, 2, 'down'), '-0.01'],
  [fixedText(1.1, 1, 'up'), '1.1'],
  [fixedText(-1.0000000000000002e-12, 2, 'down'), '-0.01'],
  [fixedText(-1.0000000000000002e-12, 3, 'down'), '-0.001'],
  [fixedText(-9e-13, 2, 'down'), '0.00'],
  [significantText(1.23e-18, 2, 'up'), '1.3e-18'],
  [pointsText(0.01001, 'up'), '1.1'],
  [significantText(12_345, 3, 'up'), '12400'],
  [significantText(0.04567, 3, 'down'), '0.0456'],
  [significantText(0.9999, 3, 'up'), '1'],
  [significantText(Infinity, 3, 'up'), 'Infinity'],
  [intervalText({ low: 0.6685, high: null }, percentText), null],
  [intervalText({ low: 0.6685, high: 0.7625 }, percentText), '[66, 77]'],
])('numbers are rounded as they are asked to: %s', (text, expected) => {
  expect(text).toBe(expected);
});

test('a printed interval covers the computed one, by less than its last figure, and the printed value lies in it', () => {
  const number = fc.double({ min: -3, max: 3, noNaN: true });
  fc.assert(
    fc.property(fc.tuple(number, number, number), fc.integer({ min: 0, max: 4 }), (numbers, digits) => {
      const [low = 0, value = 0, high = 0] = numbers.toSorted((a, b) => a - b);
      const ends = [Number(fixedText(low, digits, 'down')), Number(fixedText(high, digits, 'up'))] as const;
      const unit = 10 ** -digits;
      expect(ends[0]).toBeLessThanOrEqual(low + unit * 1e-8);
      expect(ends[1]).toBeGreaterThanOrEqual(high - unit * 1e-8);
      expect(low - ends[0]).toBeLessThan(unit);
      expect(ends[1] - high).toBeLessThan(unit);
      const printed = Number(fixedText(value, digits));
      expect(printed).toBeGreaterThanOrEqual(ends[0]);
      expect(printed).toBeLessThanOrEqual(ends[1]);
    }),
  );
});

test('fewer figures are those of more, rounded once more: a comparison and a report never disagree', () => {
  fc.assert(
    fc.property(fc.double({ min: -3, max: 3, noNaN: true }), (value) => {
      for (const rounding of ['down', 'up'] as const)
        expect(fixedText(Number(fixedText(value, 3, rounding)), 2, rounding)).toBe(
          fixedText(value, 2, rounding),
        );
    }),
  );
});
