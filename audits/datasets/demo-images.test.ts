import { expect, test } from 'vitest';
import { sliceImages } from '../contract/data.ts';
import { openDataset } from './dataset.ts';
import { demoClasses, drawDemoImages } from './demo-images.ts';
import { demoShapes } from './demo-shapes.ts';
import { readItems } from './read.ts';

test('a seed gives the same images always, whatever else is drawn', () => {
  const ten = drawDemoImages({ count: 10, seed: 3 });
  const three = drawDemoImages({ count: 3, seed: 3 });
  expect(sliceImages(ten.images, 0, 3).hashes).toEqual(three.images.hashes);
  expect(drawDemoImages({ count: 3, seed: 4 }).images.hashes).not.toEqual(three.images.hashes);
});

test('ten classes take turns and no image repeats', () => {
  const { images, labels, classes } = drawDemoImages({ count: 500, seed: 1 });
  expect(classes).toEqual(demoClasses);
  expect(new Set(classes).size).toBe(10);
  expect(Array.from(labels.subarray(0, 12))).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1]);
  expect(new Set(images.hashes).size).toBe(500);
});

test.each(demoShapes)('$name has an inside and an outside, and lies within its frame', ({ distance }) => {
  let inside = 0;
  for (let y = -1.5; y <= 1.5; y += 0.02)
    for (let x = -1.5; x <= 1.5; x += 0.02)
      if (distance(x, y) < 0) {
        inside += 1;
        expect(Math.hypot(x, y)).toBeLessThan(1.2);
      }
  // Of the unit disk's 7 854 points between a tenth and nine tenths.
  expect(inside).toBeGreaterThan(785);
  expect(inside).toBeLessThan(7000);
});

test('raw pixels do not give the class away', () => {
  // Nearest class mean, the simplest reader of colors and places, stays near chance (10 %).
  const fit = drawDemoImages({ count: 1000, seed: 'fit' });
  const score = drawDemoImages({ count: 300, seed: 'score' });
  const size = 32 * 32 * 3;
  const means = demoClasses.map(() => new Float64Array(size));
  for (let i = 0; i < 1000; i++)
    for (let k = 0; k < size; k++) {
      const mean = means[fit.labels[i] ?? 0];
      if (mean) mean[k] = (mean[k] ?? 0) + (fit.images.data[i * size + k] ?? 0) / 100;
    }
  let right = 0;
  for (let i = 0; i < 300; i++) {
    const distances = means.map((mean) =>
      mean.reduce((sum, value, k) => sum + (value - (score.images.data[i * size + k] ?? 0)) ** 2, 0),
    );
    if (distances.indexOf(Math.min(...distances)) === score.labels[i]) right += 1;
  }
  expect(right / 300).toBeLessThan(0.3);
});

test('the demo is a data set without files; train and test share no image', async () => {
  const dataset = await openDataset('builtin:demo');
  expect(dataset).toMatchObject({ name: 'demo', path: 'builtin:demo', format: 'demo', classes: demoClasses });
  expect([dataset.splits.train?.items.length, dataset.splits.test?.items.length]).toEqual([20_000, 4_000]);
  const geometry = {
    height: 32,
    width: 32,
    resize: 'stretch',
    resizeTo: 32,
    interpolation: 'bilinear',
  } as const;
  const refs = (['train', 'test'] as const).flatMap((split) =>
    [0, 1, 3_999].map((index) => ({ split, index })),
  );
  const { images } = await readItems(dataset, refs, geometry);
  expect(new Set(images.hashes).size).toBe(6);
});
