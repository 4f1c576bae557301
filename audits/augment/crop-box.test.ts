import { assert, integer, property } from 'fast-check';
import { expect, test } from 'vitest';
import { createRng } from '../rng.ts';
import { drawCropBox } from './crop-box.ts';

const bounds = { areaShare: [0.08, 1], aspectRatio: [3 / 4, 4 / 3] } as const;

test('a box lies within its image, whatever the image', () => {
  const side = integer({ min: 1, max: 60 });
  assert(
    property(side, side, integer(), (height, width, seed) => {
      const [top, left, boxHeight, boxWidth] = drawCropBox(createRng(seed), height, width, bounds);
      expect(Math.min(top, left)).toBeGreaterThanOrEqual(0);
      expect(Math.min(boxHeight, boxWidth)).toBeGreaterThanOrEqual(1);
      expect(top + boxHeight).toBeLessThanOrEqual(height);
      expect(left + boxWidth).toBeLessThanOrEqual(width);
    }),
  );
});

test('boxes keep to the shares and ratios asked for, and reach most of them', () => {
  const rng = createRng(1);
  const size = 1000;
  const boxes = Array.from({ length: 2000 }, () => drawCropBox(rng, size, size, bounds));
  const shares = boxes.map(([, , height, width]) => (height * width) / size ** 2);
  const ratios = boxes.map(([, , height, width]) => width / height);
  expect(Math.min(...shares)).toBeGreaterThan(0.079);
  expect(Math.min(...shares)).toBeLessThan(0.1);
  expect(Math.max(...shares)).toBeGreaterThan(0.95);
  expect(Math.min(...ratios)).toBeGreaterThan(0.745);
  expect(Math.min(...ratios)).toBeLessThan(0.77);
  expect(Math.max(...ratios)).toBeLessThan(1.34);
  expect(Math.max(...ratios)).toBeGreaterThan(1.3);
});

test('where no box of the ratio fits, the largest central one serves', () => {
  // Nine tenths of a strip 100 wide and 10 high, and as good as square: 30 high at the least.
  const box = drawCropBox(createRng(2), 10, 100, { areaShare: [0.9, 1], aspectRatio: [3 / 4, 4 / 3] });
  expect(box).toEqual([0, 43, 10, 13]);
});
