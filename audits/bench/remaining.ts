import type { Benchmark } from './benchmark.ts';

/** Starting a process, loading its libraries, compiling: seconds per side. */
const OPEN_SECONDS = 6;
/** Runs before the first round: the checked steps and what they warm up. */
const RUNS_BEFORE = 4;

/** A guess of one benchmark's time before it has run. */
export function expectedSeconds(
  { expectedSeconds: run }: Benchmark,
  sides: number,
  rounds: number,
  seconds: number,
): number {
  return sides * (OPEN_SECONDS + RUNS_BEFORE * run + rounds * Math.max(run, seconds));
}

/**
 * Time left of a list, by the guesses corrected by how wrong they have been so far.
 * @param spent seconds that each benchmark took which is done, in the order of `expected`
 */
export function remainingSeconds(expected: readonly number[], spent: readonly number[]): number {
  const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
  const done = sum(expected.slice(0, spent.length));
  const correction = done > 0 ? sum(spent) / done : 1;
  return sum(expected.slice(spent.length)) * correction;
}
