import { describe, expect, test } from 'vitest';
import { resample } from './resample.ts';

const closeTo = (actual: Iterable<number>, expected: readonly number[], tolerance = 1e-5) => {
  const values = [...actual];
  expect(values).toHaveLength(expected.length);
  for (const [at, value] of values.entries())
    expect(Math.abs(value - expected[at]!), `value ${at}`).toBeLessThan(tolerance);
};

describe('resample', () => {
  test('shrinking averages areas, a fraction of a pixel counts by its share', () => {
    const row = [0, 3, 6].flatMap((value) => [value, value, value]);
    const image = [...row, ...row, ...row]; // 3 x 3
    const shrunk = resample(image, 3, { top: 0, left: 0, height: 3, width: 3 }, 2);
    // Columns [0, 1.5) and [1.5, 3): (0 + 3 / 2) / 1.5 and (3 / 2 + 6) / 1.5.
    closeTo(shrunk, [1, 1, 1, 5, 5, 5, 1, 1, 1, 5, 5, 5]);
  });

  test('enlarging interpolates between pixel centers and repeats the edge', () => {
    const image = [0, 0, 0, 4, 4, 4, 0, 0, 0, 4, 4, 4]; // 2 x 2
    const enlarged = resample(image, 2, { top: 0, left: 0, height: 2, width: 2 }, 4);
    closeTo(
      enlarged.subarray(0, 12).filter((_, at) => at % 3 === 0),
      [0, 1, 3, 4],
    );
  });

  test('a crop sees nothing outside its rectangle', () => {
    const image = Float32Array.from({ length: 16 * 3 }, (_, at) => Math.floor(at / 3)); // 4 x 4, value = pixel
    const crop = resample(image, 4, { top: 1, left: 2, height: 2, width: 2 }, 2);
    closeTo(
      crop.filter((_, at) => at % 3 === 0),
      [6, 7, 10, 11],
    );
  });
});
