import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { enlarge } from './enlarge.ts';

const interpolations = ['nearest', 'bilinear', 'bicubic', 'lanczos'] as const;
const whole = (height: number, width: number) => ({ top: 0, left: 0, height, width });
const grey = (values: readonly number[]): Uint8Array =>
  Uint8Array.from(values.flatMap((value) => [value, value, value]));
const red = (pixels: Uint8Array): number[] => Array.from(pixels).filter((_, i) => i % 3 === 0);

// Rows of Pillow's Image.resize((8, 1)) on [0, 0, 200, 100], by the weights in its Resample.c.
test.each([
  ['nearest', [0, 0, 0, 0, 200, 200, 100, 100]],
  ['bilinear', [0, 0, 0, 50, 150, 175, 125, 100]],
] as const)('%s enlarges as Pillow does', (interpolation, expected) => {
  const result = enlarge(
    grey([0, 0, 200, 100]),
    { height: 1, width: 4 },
    { height: 1, width: 8 },
    whole(1, 8),
    interpolation,
  );
  expect(red(result)).toEqual(expected);
});

test('bicubic between two steps follows Keys, a = -0.5', () => {
  // At a quarter between pixels the weights are -0.0703125, 0.8671875, 0.2265625, -0.0234375.
  const values = [10, 50, 90, 250];
  const expected = -0.0703125 * 10 + 0.8671875 * 50 + 0.2265625 * 90 - 0.0234375 * 250;
  const result = enlarge(
    grey(values),
    { height: 1, width: 4 },
    { height: 1, width: 8 },
    whole(1, 8),
    'bicubic',
  );
  expect(red(result)[3]).toBe(Math.round(expected));
});

test.each(interpolations)('%s keeps mirrored pictures mirrored and flat ones flat', (interpolation) => {
  fc.assert(
    fc.property(
      fc.array(fc.nat(255), { minLength: 1, maxLength: 9 }),
      fc.integer({ min: 0, max: 20 }),
      (values, extra) => {
        const width = values.length + extra;
        const run = (line: readonly number[]): number[] =>
          red(
            enlarge(
              grey(line),
              { height: 1, width: line.length },
              { height: 1, width },
              whole(1, width),
              interpolation,
            ),
          );
        const mirrored = run(values.toReversed()).toReversed();
        // The nearest pixel to a middle between two has no mirror image.
        const ties = interpolation === 'nearest';
        if (!ties)
          run(values).forEach((value, i) =>
            expect(Math.abs(value - (mirrored[i] ?? 0))).toBeLessThanOrEqual(1),
          );
        expect(new Set(run(values.map(() => 77)))).toEqual(new Set([77]));
      },
    ),
    { numRuns: 60 },
  );
});

test('a window is a part of the whole, black beyond its edges', () => {
  const pixels = Uint8Array.from({ length: 5 * 7 * 3 }, (_, i) => (i * 37) % 256);
  const source = { height: 5, width: 7 };
  const full = { height: 11, width: 15 };
  const all = enlarge(pixels, source, full, whole(11, 15), 'bicubic');
  const part = enlarge(pixels, source, full, { top: 3, left: -2, height: 4, width: 6 }, 'bicubic');
  for (let y = 0; y < 4; y++)
    for (let x = 0; x < 6; x++)
      expect(part[(y * 6 + x) * 3]).toBe(x < 2 ? 0 : all[((y + 3) * 15 + x - 2) * 3]);
});
