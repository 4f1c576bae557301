import { createHash } from 'node:crypto';
import { uniformInt } from 'pure-rand/distribution/uniformInt';
import { xoroshiro128plusFromState } from 'pure-rand/generator/xoroshiro128plus';

/**
 * The only source of chance: seeded, and split by names rather than by call order, so that a resumed
 * run draws what the uninterrupted one would have drawn.
 */
export interface Rng {
  /** An independent stream named below this one; the same name gives the same stream. */
  derive(name: string): Rng;
  /** Uniform in [0, 1), 32 bits of resolution. */
  uniform(): number;
  /** Standard normal. */
  normal(): number;
  /** Uniform integer in [0, below). */
  integer(below: number): number;
  /** A shuffled 0 ... count-1. */
  permutation(count: number): Uint32Array;
}

const TWO_TO_32 = 2 ** 32;

/** A stream for a seed; equal seeds give equal streams on every machine. */
export function createRng(seed: string | number): Rng {
  return stream(`moat:${seed}`);
}

function stream(path: string): Rng {
  const digest = createHash('sha256').update(path).digest();
  const generator = xoroshiro128plusFromState([0, 4, 8, 12].map((at) => digest.readInt32LE(at)));
  let spare: number | undefined;
  const uniform = (): number => (generator.next() >>> 0) / TWO_TO_32;
  return {
    derive: (name) => stream(`${path}/${name}`),
    uniform,
    integer: (below) => uniformInt(generator, 0, below - 1),
    normal() {
      if (spare !== undefined) {
        const value = spare;
        spare = undefined;
        return value;
      }
      // Box-Muller; 1 - u keeps the logarithm finite.
      const radius = Math.sqrt(-2 * Math.log(1 - uniform()));
      const angle = 2 * Math.PI * uniform();
      spare = radius * Math.sin(angle);
      return radius * Math.cos(angle);
    },
    permutation(count) {
      const order = Uint32Array.from({ length: count }, (_, i) => i);
      for (let i = count - 1; i > 0; i--) {
        const j = uniformInt(generator, 0, i);
        const held = order[i] ?? 0;
        order[i] = order[j] ?? 0;
        order[j] = held;
      }
      return order;
    },
  };
}
