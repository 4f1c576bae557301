import { describe, expect, test } from 'vitest';
import type { CellKey, CellWork } from '../contract/cell.ts';
import { SpeedEstimate, remainingMs, type TimedCell } from './eta.ts';

const surrogate = { architecture: 'small-cnn', inputSize: 32, epochs: 1, batchSize: 64 };
const attack = (id: string, budget: number): CellWork => ({
  kind: 'attack',
  attack: { id, version: 1, config: {} },
  defense: [],
  budget,
  accounts: 1,
  seed: 0,
  surrogate,
});
const cell = (
  key: string,
  work: CellWork,
  estimatedMs: number,
  elapsedMs: number | null = null,
): TimedCell => ({ key: key as CellKey, work, estimatedMs, elapsedMs });
const keys = (...names: readonly string[]): ReadonlySet<CellKey> =>
  new Set(names.map((name) => name as CellKey));
const none: ReadonlyMap<CellKey, number> = new Map();

test('before anything ended the plan speaks, divided among the workers', () => {
  const cells = [cell('a', attack('x', 500), 1000), cell('b', attack('x', 500), 1000)];
  expect(remainingMs(cells, keys('a', 'b'), none, 2)).toBe(1000);
});

test('cells of a class take what others of the class took', () => {
  const cells = [cell('a', attack('x', 500), 1000, 3000), cell('b', attack('x', 500), 1000)];
  expect(remainingMs(cells, keys('b'), none, 1)).toBe(3000);
});

test('an unseen class is scaled by how wrong the plan was so far', () => {
  const cells = [cell('a', attack('x', 500), 1000, 2000), cell('b', attack('y', 500), 400)];
  expect(remainingMs(cells, keys('b'), none, 1)).toBe(800);
});

test('a running cell counts for what is left of it, and the longest cell bounds the end', () => {
  const cells = [cell('a', attack('x', 500), 1000), cell('b', attack('y', 500), 10_000)];
  expect(remainingMs(cells, keys(), new Map([['b' as CellKey, 0.5]]), 2)).toBe(5000);
});

describe('the speed of one piece of work', () => {
  test('there is none at first; then what is left at the present speed', () => {
    const estimate = new SpeedEstimate();
    expect(estimate.observe(0, 0.1)).toBeNull();
    expect(estimate.observe(1000, 0.2)).toBeNull();
    expect(estimate.observe(4000, 0.5)).toBeCloseTo(5000);
  });

  test('what was skipped at the start is forgotten', () => {
    const estimate = new SpeedEstimate();
    estimate.observe(0, 0);
    estimate.observe(1000, 0.5);
    // One per cent every ten seconds from then on.
    let left: number | null = null;
    for (let i = 1; i <= 10; i++) left = estimate.observe(1000 + i * 10_000, 0.5 + i * 0.01);
    expect(left).toBeCloseTo(400_000, -1);
  });

  test('work that stands still has no end', () => {
    const estimate = new SpeedEstimate();
    estimate.observe(0, 0.3);
    expect(estimate.observe(60_000, 0.3)).toBeNull();
  });
});
