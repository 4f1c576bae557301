import { expect, test } from 'vitest';
import { sampleEstimate } from '../result.sample.ts';
import { differenceOf } from './difference.ts';

test('a difference that its interval keeps from zero has a word, by what is good for the provider', () => {
  const before = sampleEstimate(0.8, 0.03);
  const after = sampleEstimate(0.7, 0.04);
  const difference = differenceOf(before, after, 'worse');
  expect(difference.word).toBe('better');
  expect(difference.delta).toBeCloseTo(-0.1, 12);
  // Independent estimates: half-widths add like the legs of a triangle.
  expect(difference.low).toBeCloseTo(-0.15, 12);
  expect(difference.high).toBeCloseTo(-0.05, 12);
  expect(differenceOf(before, after, 'better').word).toBe('worse');
});

test('intervals that overlap may still be told apart, and a difference across zero never is', () => {
  // [0.77, 0.83] and [0.715, 0.775] overlap.
  expect(differenceOf(sampleEstimate(0.8, 0.03), sampleEstimate(0.745, 0.03), 'worse').word).toBe('better');
  expect(differenceOf(sampleEstimate(0.8, 0.03), sampleEstimate(0.77, 0.03), 'worse').word).toBe(
    'no-evidence',
  );
});

test('skewed intervals count with the end that faces the other estimate', () => {
  const skewed = { ...sampleEstimate(0.8), low: 0.5, high: 0.81 };
  expect(differenceOf(sampleEstimate(0.7, 0.01), skewed, 'worse').word).toBe('no-evidence');
  expect(differenceOf(sampleEstimate(0.9, 0.01), skewed, 'worse').word).toBe('better');
});

test('without an interval there is no evidence, and without a number nothing to compare', () => {
  expect(differenceOf(sampleEstimate(0.1, null), sampleEstimate(0.9), 'worse')).toMatchObject({
    word: 'no-evidence',
    low: null,
  });
  expect(differenceOf(null, sampleEstimate(0.9), 'worse')).toMatchObject({
    word: 'not-comparable',
    delta: null,
  });
});
