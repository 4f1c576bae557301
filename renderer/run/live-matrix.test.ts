import { expect, test } from 'vitest';
import type { CellEntry } from '../../audits/contract/bridge.ts';
import type { CellKey } from '../../audits/contract/cell.ts';
import { foldCells, gainPoints, methodIds, placeId, positionOf, shapeMatrix } from './live-matrix.ts';
import { drawn, offsetsOf, scrolledTo, visibleRange } from './window.ts';

let next = 0;
function cell(change: Partial<CellEntry> = {}): CellEntry {
  next += 1;
  return {
    key: `key-${next}` as CellKey,
    kind: 'attack',
    state: 'pending',
    attack: 'direct-extraction',
    defense: 'none',
    budget: 500,
    accounts: 1,
    seed: 0,
    fraction: 0,
    elapsedMs: null,
    stolenGain: null,
    reason: null,
    ...change,
  };
}

test('rows are defenses under the titles of their families, no defense first; columns are attacks behind the users', () => {
  const victim = cell({ kind: 'victim', attack: null, defense: null, budget: null });
  const shape = shapeMatrix(
    [
      victim,
      cell({ defense: 'truncation:dims=8' }),
      cell({ defense: 'gaussian-noise', attack: 'averaging' }),
      cell(),
      cell({ kind: 'honest', attack: null, budget: null, defense: 'gaussian-noise' }),
    ],
    (defense) => ({ group: defense.startsWith('truncation') ? 'less' : 'noise', mustFace: new Set() }),
  );
  expect(shape.rows.map((row) => (row.kind === 'group' ? row.title : row.defense))).toEqual([
    'none',
    'less',
    'truncation:dims=8',
    'noise',
    'gaussian-noise',
  ]);
  expect(shape.columns.map(({ title }) => title)).toEqual(['honest users', 'direct-extraction', 'averaging']);
  expect(shape.beside).toEqual([victim.key]);
});

test('budgets and seeds of one attack on one defense are one place', () => {
  const cells = [cell(), cell({ budget: 2000 }), cell({ seed: 1 }), cell({ attack: 'averaging' })];
  const shape = shapeMatrix(cells, () => undefined);
  const place = placeId('none', 'attack direct-extraction');
  expect(shape.keysAt(place)).toEqual(cells.slice(0, 3).map(({ key }) => key));
  expect(shape.placeOf(cells[1]?.key ?? ('' as CellKey))).toBe(place);
  expect(shape.budgets).toEqual([500, 2000]);
});

test('a place is found again by its name, until the matrix has it no more', () => {
  const shape = shapeMatrix([cell(), cell({ defense: 'b4b', attack: 'averaging' })], () => undefined);
  expect(positionOf(shape, placeId('b4b', 'attack averaging'))).toMatchObject({
    row: { defense: 'b4b' },
    column: { title: 'averaging' },
  });
  expect(positionOf(shape, placeId('gone', 'attack averaging'))).toBeNull();
});

test('an attack that asks nothing is no budget to choose, and belongs to each', () => {
  const control = cell({ attack: 'no-victim', budget: 0, state: 'done', stolenGain: 0 });
  expect(shapeMatrix([control, cell()], () => undefined).budgets).toEqual([500]);
  expect(foldCells([control], 500)).toMatchObject({ state: 'done', gain: 0 });
});

test('the number of a place is the mean over seeds at the largest budget that has one', () => {
  const folded = foldCells(
    [
      cell({ state: 'done', stolenGain: 0.2 }),
      cell({ state: 'done', stolenGain: 0.6, budget: 2000 }),
      cell({ state: 'done', stolenGain: 0.8, budget: 2000, seed: 1 }),
      cell({ state: 'running', fraction: 0.5, budget: 8000 }),
    ],
    null,
  );
  expect(folded).toMatchObject({
    state: 'running',
    gainBudget: 2000,
    done: 3,
    running: 1,
    total: 4,
    percent: 87,
  });
  expect(folded.gain).toBeCloseTo(0.7);
});

test('one budget alone can be looked at', () => {
  const entries = [cell({ state: 'done', stolenGain: 0.2 }), cell({ state: 'failed', budget: 2000 })];
  expect(foldCells(entries, 500)).toMatchObject({ state: 'done', gain: 0.2, total: 1 });
  expect(foldCells(entries, 2000)).toMatchObject({ state: 'failed', gain: null, failed: 1 });
});

test.each([
  [['pending', 'done'], 'pending'],
  [['running', 'failed'], 'running'],
  [['failed', 'pending'], 'failed'],
  [['not-run', 'done'], 'not-run'],
  [['not-applicable', 'not-applicable'], 'not-applicable'],
  [['not-applicable', 'done'], 'done'],
] as const)('%j is shown as %s', (states, shown) => {
  expect(
    foldCells(
      states.map((state) => cell({ state })),
      null,
    ).state,
  ).toBe(shown);
});

test('with several numbers of accounts the curve is that of the worst', () => {
  const points = gainPoints([
    cell({ state: 'done', stolenGain: 0.3, accounts: 1 }),
    cell({ state: 'done', stolenGain: 0.5, accounts: 10 }),
    cell({ state: 'done', stolenGain: 0.9, budget: 2000 }),
  ]);
  expect(points).toEqual([
    { budget: 500, gain: 0.5, seeds: 1 },
    { budget: 2000, gain: 0.9, seeds: 1 },
  ]);
});

test('the methods in a label', () => {
  expect(methodIds('truncation:dims=64+gaussian-noise:sigma=0.1')).toEqual(['truncation', 'gaussian-noise']);
  expect(methodIds('direct-extraction [resnet18]')).toEqual(['direct-extraction']);
});

test('a window draws what it shows and a margin, whatever the number of rows', () => {
  const offsets = offsetsOf(Array.from({ length: 10_000 }, () => 40));
  expect(visibleRange(offsets, 4000, 400)).toEqual({ from: 98, to: 112 });
  expect(visibleRange(offsets, 0, 400)).toEqual({ from: 0, to: 12 });
  expect(visibleRange(offsets, 399_600, 400).to).toBe(10_000);
  expect(visibleRange([0], 0, 400)).toEqual({ from: 0, to: 0 });
});

test('the row under the keyboard is drawn wherever it lies', () => {
  expect(drawn({ from: 5, to: 8 }, 2)).toEqual([2, 5, 6, 7]);
  expect(drawn({ from: 5, to: 8 }, 6)).toEqual([5, 6, 7]);
  expect(drawn({ from: 5, to: 8 }, 90)).toEqual([5, 6, 7, 90]);
});

test('scrolling to an item moves no further than it must', () => {
  const offsets = offsetsOf([10, 10, 10, 10, 10]);
  expect(scrolledTo(offsets, 0, 15, 20)).toBe(0);
  expect(scrolledTo(offsets, 4, 0, 20)).toBe(30);
  expect(scrolledTo(offsets, 2, 15, 20)).toBe(15);
});
