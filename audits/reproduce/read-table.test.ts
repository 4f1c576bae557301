import { expect, test } from 'vitest';
import type { Measurement } from '../contract/cell.ts';
import type { CellRow } from '../store/types.ts';
import { above, near } from './ordering.ts';
import { readTable, type StepResult } from './read-table.ts';
import { grid, notRun, place, type Source } from './table.ts';

const ITEMS = 200;
/** Right or wrong on each image, `right` of them right. */
const items = (right: number): Float32Array =>
  Float32Array.from({ length: ITEMS }, (_, at) => (at < right ? 1 : 0));

interface Cell {
  readonly attack: string | null;
  readonly defense?: string;
  readonly budget?: number;
  /** Right answers of 200, seed by seed. */
  readonly right: readonly number[];
}

function audit(cells: readonly Cell[]): StepResult {
  const rows: CellRow[] = [];
  const measurements = new Map<string, readonly Measurement[]>();
  for (const [number, { attack, defense = 'none', budget = 2000, right }] of cells.entries())
    for (const [seed, count] of right.entries()) {
      const key = `${number}/${seed}`;
      const work =
        attack === null ? { kind: 'victim', seed: 0 } : { kind: 'attack', budget, accounts: 1, seed };
      rows.push({
        key,
        work,
        attackLabel: attack,
        defenseLabel: defense,
        error: null,
        reason: null,
      } as unknown as CellRow);
      measurements.set(key, [
        {
          metric: 'probe-accuracy',
          task: 'cifar10',
          value: count / ITEMS,
          unit: 'fraction',
          n: ITEMS,
          items: items(count),
        },
      ]);
    }
  return { kind: 'audit', cells: rows, measurements };
}

const cells = (attack: string, defense?: string): Source => ({
  kind: 'cells',
  step: 'thefts',
  work: 'attack',
  attack,
  ...(defense === undefined ? {} : { defense }),
  budget: 2000,
  task: 'cifar10',
  metric: 'probe-accuracy',
});

const table = {
  values: grid(['CIFAR10'], { victim: [79], first: [60], second: [50], third: [40] }),
  orderings: [
    { sentence: 'first above second', comparisons: [above(['first', 'CIFAR10'], ['second', 'CIFAR10'])] },
    { sentence: 'victim near first', comparisons: [near(['victim', 'CIFAR10'], ['first', 'CIFAR10'])] },
    { sentence: 'second above third', comparisons: [above(['second', 'CIFAR10'], ['third', 'CIFAR10'])] },
  ],
};
const sources = new Map<string, Source>([
  [
    place('victim', 'CIFAR10'),
    { kind: 'cells', step: 'thefts', work: 'victim', task: 'cifar10', metric: 'probe-accuracy' },
  ],
  [place('first', 'CIFAR10'), cells('direct-extraction')],
  [place('second', 'CIFAR10'), cells('direct-extraction:loss=infonce')],
  [place('third', 'CIFAR10'), notRun('STL-10 is missing')],
]);

test('values are percent with intervals over seeds and images, and differences are paired', () => {
  // Seeds scatter by ten points, and in each of them the first is four points ahead on the same images.
  const results = new Map([
    [
      'thefts',
      audit([
        { attack: null, right: [160] },
        { attack: 'direct-extraction', right: [100, 120, 140] },
        { attack: 'direct-extraction', budget: 500, right: [10, 10, 10] },
        { attack: 'direct-extraction:loss=infonce', right: [92, 112, 132] },
      ]),
    ],
  ]);
  const { values, orderings } = readTable(table, sources, results);
  const [victim, first, second, third] = values;
  expect(victim?.ours).toMatchObject({ value: 80, seeds: 1 });
  expect(victim?.ours?.low).toBeGreaterThan(70);
  expect(victim?.ours?.high).toBeLessThan(90);
  expect(first?.ours).toMatchObject({ value: 60, seeds: 3, deviation: null });
  expect(second?.ours?.value).toBeCloseTo(56, 4);
  // Each by itself is known to no better than 25 points; their difference is.
  expect((first?.ours?.high ?? 0) - (first?.ours?.low ?? 0)).toBeGreaterThan(25);
  expect(third).toMatchObject({ ours: null, notRun: 'STL-10 is missing' });
  expect(orderings.map(({ answer }) => answer)).toEqual(['holds', 'fails-in-the-mean', 'not-measured']);
  expect(orderings[0]?.comparisons[0]?.compared?.value).toBeCloseTo(4, 4);
});

test('one seed has no interval and settles nothing', () => {
  const results = new Map([
    [
      'thefts',
      audit([
        { attack: 'direct-extraction', right: [120] },
        { attack: 'direct-extraction:loss=infonce', right: [60] },
      ]),
    ],
  ]);
  const { values, orderings } = readTable(table, sources, results);
  expect(values[1]?.ours).toMatchObject({ value: 60, low: null, high: null });
  expect(values[0]?.notRun).toBe('it has not run');
  expect(orderings[0]?.answer).toBe('holds-in-the-mean');
});

test('a step that has not run, and a cell that failed, are said', () => {
  expect(readTable(table, sources, new Map()).values[1]?.notRun).toBe('its step has not run');
  const failed: StepResult = {
    kind: 'audit',
    measurements: new Map(),
    cells: [
      {
        key: 'a',
        work: { kind: 'attack', budget: 2000, accounts: 1, seed: 0 },
        attackLabel: 'direct-extraction',
        defenseLabel: 'none',
        error: { message: 'The loss is not finite.' },
        reason: null,
      } as unknown as CellRow,
    ],
  };
  expect(readTable(table, sources, new Map([['thefts', failed]])).values[1]?.notRun).toBe(
    'it failed: The loss is not finite.',
  );
});

test('distances have intervals of their images, p-values none', () => {
  const own = (value: number, standardError: number | null): StepResult => ({
    kind: 'own',
    figures: {
      distance: { value, standardError },
      rate: null,
      difference: null,
      p: { value: 0.3, standardError: null },
      t: null,
    },
  });
  const source = (step: string, figure: 'distance' | 'p' | 't'): Source => ({
    kind: 'ownership',
    step,
    figure,
  });
  const { values, orderings } = readTable(
    {
      values: grid(['distance', 'p', 't'], { near: [1, 0.5, 1], far: [2, 0.5, 1] }),
      orderings: [{ sentence: '', comparisons: [above(['far', 'distance'], ['near', 'distance'])] }],
    },
    new Map(
      ['near', 'far'].flatMap((step) =>
        (['distance', 'p', 't'] as const).map(
          (figure) => [place(step, figure), source(step, figure)] as const,
        ),
      ),
    ),
    new Map([
      ['near', own(1, 0.3)],
      ['far', own(2, 0.4)],
    ]),
  );
  expect(values[0]?.ours?.low).toBeCloseTo(1 - 1.96 * 0.3, 3);
  expect(values[1]?.ours).toMatchObject({ value: 0.3, low: null, high: null });
  expect(values[2]?.notRun).toBe('the test could not be made');
  // 1 ± 1.96 · 0.5
  expect(orderings[0]?.comparisons[0]?.compared?.low).toBeCloseTo(0.02, 2);
  expect(orderings[0]?.answer).toBe('holds');
});
