import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { placeDropLabels, type Box, type DropLabel } from './drop-labels.ts';

/** As Inter sets `Q50` in 11 pixels, measured: 22.4 wide, 8.2 above the baseline, 2.1 below. */
const boxOf = ({ x, y, anchor }: DropLabel): Box => ({
  left: anchor === 'start' ? x : x - 22.4,
  right: anchor === 'start' ? x + 22.4 : x,
  top: y - 8.2,
  bottom: y + 2.1,
});
const overlap = (a: Box, b: Box): boolean =>
  a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
const plot = { left: 56, right: 630, top: 38, bottom: 352 };

/** One to eight lines that lie as close as they like, anywhere in a plot that may be narrow and low. */
const crowd = fc
  .record({
    width: fc.double({ min: 70, max: 600, noNaN: true }),
    height: fc.double({ min: 110, max: 320, noNaN: true }),
    where: fc.double({ min: 0, max: 1, noNaN: true }),
    spread: fc.double({ min: 0, max: 60, noNaN: true }),
    offsets: fc.array(
      fc.tuple(fc.double({ min: 0, max: 1, noNaN: true }), fc.double({ min: 0, max: 0.5, noNaN: true })),
      {
        minLength: 1,
        maxLength: 8,
      },
    ),
  })
  .map(({ width, height, where, spread, offsets }) => {
    const around = { left: 50, right: 50 + width, top: 30, bottom: 30 + height };
    const first = around.left + where * Math.max(0, width - spread);
    return {
      around,
      drops: offsets.map(([x, y]) => ({
        x: Math.min(around.right, first + x * spread),
        y: around.top + y * height,
      })),
    };
  });

test('up to eight labels never lie on each other, stay in the plot, and each stands at its own line', () => {
  fc.assert(
    fc.property(crowd, ({ around, drops }) => {
      const labels = placeDropLabels(drops, around);
      const boxes = labels.flatMap((label) => (label === null ? [] : [boxOf(label)]));
      expect(boxes).toHaveLength(drops.length);
      for (const [i, box] of boxes.entries()) {
        expect(box.left).toBeGreaterThanOrEqual(around.left);
        expect(box.right).toBeLessThanOrEqual(around.right);
        expect(box.top).toBeGreaterThanOrEqual(around.top);
        expect(box.bottom).toBeLessThanOrEqual(around.bottom);
        const ground = labels[i]?.box;
        if (ground === undefined) throw new Error('each has a ground');
        expect(ground.left <= box.left && ground.right >= box.right).toBe(true);
        expect(ground.top <= box.top && ground.bottom >= box.bottom).toBe(true);
        expect(boxes.slice(i + 1).filter((other) => overlap(box, other))).toEqual([]);
        const own = drops[i]?.x ?? Number.NaN;
        expect(Math.min(Math.abs(box.left - own), Math.abs(box.right - own))).toBeCloseTo(3);
      }
    }),
  );
});

test('one alone stands to the right of its line on the axis; two that are close stand outside of both', () => {
  const [alone] = placeDropLabels([{ x: 300, y: 100 }], plot);
  expect(alone).toMatchObject({ x: 303, anchor: 'start' });
  const two = placeDropLabels(
    [
      { x: 310, y: 100 },
      { x: 300, y: 100 },
    ],
    plot,
  );
  expect(two).toMatchObject([
    { x: 313, y: alone?.y, anchor: 'start' },
    { x: 297, y: alone?.y, anchor: 'end' },
  ]);
});

test('what is already written there is not covered', () => {
  const name = { left: 60, right: 168, top: 335, bottom: 350 };
  const [label] = placeDropLabels([{ x: 62, y: 100 }], plot, [name]);
  if (label === null || label === undefined) throw new Error('there is room for it');
  expect(overlap(boxOf(label), name)).toBe(false);
});

test('where a plot has no room for any, there is none', () => {
  expect(placeDropLabels([{ x: 60, y: 40 }], { left: 50, right: 70, top: 30, bottom: 200 })).toEqual([null]);
  expect(placeDropLabels([{ x: 60, y: 32 }], { left: 50, right: 300, top: 30, bottom: 40 })).toEqual([null]);
});
