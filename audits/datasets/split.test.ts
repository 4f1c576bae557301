import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createRng } from '../rng.ts';
import type { Dataset, Split, SplitName } from './dataset-parts.ts';
import { poolOrder, splitTask } from './split.ts';

/** A data set with the given count of images per class and split; nothing is read. */
function dataset(counts: Partial<Record<SplitName, readonly number[]>>, labelled = true): Dataset {
  const entries = Object.entries(counts).map(([name, perClass]): [string, Split] => [
    name,
    {
      items: perClass.flatMap((count, label) =>
        Array.from({ length: count }, (_, i) => ({
          id: `${name}/${label}/${i}`,
          label: labelled ? label : null,
        })),
      ),
      open: () => Promise.reject(new Error('not read here')),
    },
  ]);
  const classes = Math.max(...Object.values(counts).map((perClass) => perClass.length));
  return {
    path: '/data/pets',
    name: 'pets',
    format: 'image-folder',
    classes: labelled ? Array.from({ length: classes }, (_, i) => `class ${i}`) : [],
    splits: Object.fromEntries(entries),
    notes: [],
  };
}
const task = (data: Dataset, fitRows = 100, scoreRows = 50, seed = 1) =>
  splitTask(data, { fitRows, scoreRows, rng: createRng(seed) });
const perClass = (rows: readonly { label: number | null }[], classes: number): number[] =>
  Array.from({ length: classes }, (_, label) => rows.filter((row) => row.label === label).length);

describe('splitTask', () => {
  test('uses the parts the data has, capped by class, in a seeded order', () => {
    const data = dataset({ train: [600, 300, 100], test: [60, 30, 10] });
    const { fit, score, warnings } = task(data);
    expect(perClass(fit, 3)).toEqual([60, 30, 10]);
    expect(perClass(score, 3)).toEqual([30, 15, 5]);
    expect(fit.every((row) => row.split === 'train') && score.every((row) => row.split === 'test')).toBe(
      true,
    );
    expect(warnings).toEqual([
      'pets: 100 of 1000 rows to fit and 50 of 100 to score are used (seeded, by class).',
    ]);
    expect(task(data)).toEqual({ fit, score, warnings });
    expect(task(data, 100, 50, 2).fit).not.toEqual(fit);
    // Not class after class.
    expect(new Set(fit.slice(0, 20).map((row) => row.label)).size).toBeGreaterThan(1);
  });

  test('a row is never on both sides, none is lost, caps hold, no class goes missing', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 2, max: 40 }), { minLength: 2, maxLength: 8 }),
        fc.integer({ min: 10, max: 60 }),
        fc.integer({ min: 10, max: 60 }),
        (counts, fitRows, scoreRows) => {
          const { fit, score } = task(dataset({ all: counts }), fitRows, scoreRows);
          const all = [...fit, ...score].map((row) => row.id);
          expect(new Set(all).size).toBe(all.length);
          expect(fit.length).toBeLessThanOrEqual(fitRows);
          expect(score.length).toBeLessThanOrEqual(scoreRows);
          for (const rows of [fit, score])
            expect(Math.min(...perClass(rows, counts.length))).toBeGreaterThan(0);
          const total = counts.reduce((sum, count) => sum + count, 0);
          if (total <= Math.min(fitRows, scoreRows)) expect(all.length).toBe(total);
          expect(fit.every((row) => row.id === `all/${row.label}/${row.id.split('/')[2]}`)).toBe(true);
        },
      ),
      { numRuns: 60 },
    );
  });

  test('a class with one image fits and is not scored', () => {
    const { fit, score, warnings } = task(dataset({ all: [10, 10, 1] }));
    expect([perClass(fit, 3)[2], perClass(score, 3)[2]]).toEqual([1, 0]);
    expect(warnings).toEqual(['pets: the class class 2 has one image; it is used to fit and never scored.']);
  });

  test('classes without a row on one side are named', () => {
    const { warnings } = task(dataset({ train: [5, 5, 0], test: [5, 5, 5] }));
    expect(warnings).toEqual(['pets: 1 class has no image to fit (class 2).']);
  });

  test('only a training part is split like one', () => {
    const { fit, score } = task(dataset({ train: [30, 30] }));
    expect([fit.length, score.length]).toEqual([40, 20]);
  });

  test.each([
    [
      'an unlabelled folder',
      dataset({ all: [10] }, false),
      'dataset-unlabelled',
      'pets (/data/pets) has no labels.',
    ],
    ['one image', dataset({ all: [1] }), 'dataset-too-small', 'pets has one image'],
    ['one image per class', dataset({ all: [1, 1, 1] }), 'dataset-too-small', 'no class'],
    ['one class', dataset({ all: [50] }), 'dataset-too-small', 'only one class'],
    [
      'parts with different classes',
      dataset({ train: [9, 0], test: [0, 9] }),
      'dataset-too-small',
      'no class',
    ],
  ])('%s ends in one sentence', (_, data, code, sentence) => {
    expect(() => task(data)).toThrow(
      expect.objectContaining({ code, message: expect.stringContaining(sentence) }),
    );
  });
});

describe('poolOrder', () => {
  test('takes the training part and shuffles it by the seed', () => {
    const data = dataset({ train: [50, 50], test: [20, 20] });
    const order = poolOrder(data, createRng(1));
    expect(order).toHaveLength(100);
    expect(order.every((row) => row.split === 'train')).toBe(true);
    expect(new Set(order.map((row) => row.index)).size).toBe(100);
    expect(poolOrder(data, createRng(1))).toEqual(order);
    expect(poolOrder(data, createRng(2))).not.toEqual(order);
    expect(perClass(order.slice(0, 50), 2)[0]).toBeLessThan(45);
  });

  test('takes everything where parts are not told apart, labels or none', () => {
    expect(poolOrder(dataset({ all: [7] }, false), createRng(1))).toHaveLength(7);
    expect(poolOrder(dataset({ test: [7] }), createRng(1))).toHaveLength(7);
  });
});
