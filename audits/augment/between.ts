import type { Rng } from '../rng.ts';

/** Uniform in [low, high). */
export function between(rng: Rng, [low, high]: readonly [number, number]): number {
  return low + (high - low) * rng.uniform();
}
