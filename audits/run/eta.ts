import type { Cell, CellKey } from '../contract/cell.ts';
import { costClass } from '../plan/cost.ts';

/** What is known of one cell's time. */
export interface TimedCell extends Pick<Cell, 'key' | 'work' | 'estimatedMs'> {
  /** Measured, for cells that ended. */
  readonly elapsedMs: number | null;
}

/**
 * Expected milliseconds of a cell: measured time per cost class where one of the class has ended, the planner's guess
 * scaled by how wrong it has been so far elsewhere.
 */
export function expectedMs(cells: readonly TimedCell[]): (cell: TimedCell) => number {
  const ended = cells.filter((cell) => cell.elapsedMs !== null && cell.elapsedMs > 0);
  const guessed = ended.reduce((sum, cell) => sum + cell.estimatedMs, 0);
  const measured = ended.reduce((sum, cell) => sum + (cell.elapsedMs ?? 0), 0);
  const correction = guessed > 0 ? measured / guessed : 1;
  const byClass = new Map<string, { sum: number; count: number }>();
  for (const cell of ended) {
    const entry = byClass.get(costClass(cell.work)) ?? { sum: 0, count: 0 };
    byClass.set(costClass(cell.work), { sum: entry.sum + (cell.elapsedMs ?? 0), count: entry.count + 1 });
  }
  return (cell) => {
    const known = byClass.get(costClass(cell.work));
    return known === undefined ? cell.estimatedMs * correction : known.sum / known.count;
  };
}

/**
 * Remaining milliseconds of all cells that are pending or running.
 * @param running fraction done, by key
 */
export function remainingMs(
  cells: readonly TimedCell[],
  pending: ReadonlySet<CellKey>,
  running: ReadonlyMap<CellKey, number>,
  workers: number,
): number {
  const expected = expectedMs(cells);
  let total = 0;
  let longest = 0;
  for (const cell of cells) {
    const isRunning = running.has(cell.key);
    if (!isRunning && !pending.has(cell.key)) continue;
    const left = expected(cell) * (1 - (running.get(cell.key) ?? 0));
    total += left;
    longest = Math.max(longest, left);
  }
  // The last cells do not divide: never less than the longest one.
  return Math.max(total / workers, longest);
}

/** Seconds of the past that tell the present speed. */
const WINDOW_MS = 30_000;
/** Before this, a speed is a guess. */
const SETTLED_MS = 2000;

/**
 * Remaining milliseconds of work that reports its fraction, at the speed of the last half minute: what was skipped at the
 * start (a resumed preparation finds most of its work done) is soon forgotten.
 */
export class SpeedEstimate {
  readonly #seen: { readonly atMs: number; readonly fraction: number }[] = [];

  /** @returns null until there is a speed */
  observe(atMs: number, fraction: number): number | null {
    this.#seen.push({ atMs, fraction });
    while ((this.#seen[1]?.atMs ?? atMs) < atMs - WINDOW_MS) this.#seen.shift();
    const [first] = this.#seen;
    if (first === undefined || atMs - first.atMs < SETTLED_MS || fraction <= first.fraction) return null;
    return ((1 - fraction) * (atMs - first.atMs)) / (fraction - first.fraction);
  }
}
