import { expect, test } from 'vitest';
import { matrix } from '../contract/data.ts';
import { HEAD_BIAS, HEAD_KERNEL } from './architecture.ts';
import { foldIntoHead, measureTargets, standardizeTargets } from './targets.ts';

const targets = matrix(Float32Array.of(1, 10, 3, 14, 5, 18), 3, 2);

test('targets get zero mean per dimension and unit variance on average, their proportions kept', () => {
  const map = measureTargets([targets], 2);
  expect([...map.mean]).toEqual([3, 14]);
  // Variances 8/3 and 32/3: mean 20/3.
  expect(map.scale).toBeCloseTo(Math.sqrt(20 / 3), 6);
  const standardized = standardizeTargets(targets, map);
  const spread = (dimension: number) => standardized.data[4 + dimension]! - standardized.data[dimension]!;
  expect(spread(1) / spread(0)).toBeCloseTo(2, 5);
});

test('two views are measured together', () => {
  const shifted = matrix(
    targets.data.map((value) => value + 2),
    3,
    2,
  );
  expect([...measureTargets([targets, shifted], 2).mean]).toEqual([4, 15]);
});

test('constant replies are centered and not divided by zero', () => {
  const constant = matrix(Float32Array.of(7, 7, 7, 7), 2, 2);
  const standardized = standardizeTargets(constant, measureTargets([constant], 2));
  expect([...standardized.data]).toEqual([0, 0, 0, 0]);
});

test('a folded head answers in the scale of the targets', () => {
  const map = measureTargets([targets], 2);
  const features = [0.5, -2];
  const weights = {
    [HEAD_KERNEL]: { shape: [2, 2], data: Float32Array.of(1, 2, 3, 4) },
    [HEAD_BIAS]: { shape: [2], data: Float32Array.of(-1, 1) },
  };
  const answer = (of: typeof weights) =>
    [0, 1].map(
      (column) =>
        features.reduce((sum, feature, row) => sum + feature * of[HEAD_KERNEL].data[row * 2 + column]!, 0) +
        of[HEAD_BIAS].data[column]!,
    );
  const expected = answer(weights).map((value, at) => value * map.scale + map.mean[at]!);
  const folded = answer(foldIntoHead(weights, map) as typeof weights);
  for (const [at, value] of folded.entries()) expect(value).toBeCloseTo(expected[at]!, 4);
});
