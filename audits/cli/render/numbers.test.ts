import { expect, test } from 'vitest';
import { sampleEstimate } from '../../report/result.sample.ts';
import {
  formatBytes,
  formatCount,
  formatDollars,
  formatDuration,
  formatEstimate,
  formatEstimatedTime,
  formatFraction,
  formatPoints,
} from './numbers.ts';

test.each([
  [formatCount(0), '0'],
  [formatCount(999), '999'],
  [formatCount(1_234_567), '1 234 567'],
  [formatFraction(-0.001), '0.00'],
  [formatDollars(0), '$0.00'],
  [formatDollars(0.0001), '$0.0001'],
  [formatDollars(12.345), '$12.35'],
  [formatBytes(0), '0 B'],
  [formatBytes(999), '999 B'],
  [formatBytes(1_400_000), '1.4 MB'],
  [formatDuration(640), '0.6 s'],
  [formatDuration(59_400), '59 s'],
  [formatDuration(200_000), '3 min 20 s'],
  [formatDuration(7_500_000), '2 h 05 min'],
  [formatEstimatedTime(20_000), 'under a minute'],
  [formatEstimatedTime(245_000), 'about 4 min'],
  [formatEstimatedTime(9_000_000), 'about 2.5 h'],
  [formatEstimate(sampleEstimate(0.82)), '0.82 [0.78, 0.86]'],
  [formatEstimate(null), 'not measured'],
  [formatPoints(sampleEstimate(0.012, 0.005)), '1.2 [0.7, 1.7]'],
])('%s', (text, expected) => {
  expect(text).toBe(expected);
});
