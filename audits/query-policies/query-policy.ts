import type { Matrix } from '../contract/data.ts';
import type { MethodMeta } from '../contract/method.ts';
import type { Rng } from '../rng.ts';

/** What an attacker has when they decide which images of their pool to send, and in what order. */
export interface QueryPolicyContext {
  /** Images of the pool. */
  readonly count: number;
  /** Images that can be paid for: only the order of so many matters. */
  readonly wanted: number;
  /** One stream per seed, not per budget: a larger budget extends what a smaller one sends. */
  readonly rng: Rng;
  /**
   * Where the images lie in the attacker's own feature space `[indices.length, features]`. Costs inference, no query.
   * @param indices positions in the pool
   */
  features(indices: Uint32Array): Promise<Matrix>;
  readonly signal: AbortSignal;
  /** @param fraction of the order found so far */
  progress(fraction: number): void;
}

/** Which images are sent first: a choice of the attacker's beside the attack itself. */
export interface QueryPolicyDefinition {
  readonly meta: MethodMeta;
  /** Asks for features, so it takes time before the first query. */
  readonly usesFeatures: boolean;
  /**
   * Deterministic in `context.rng`; the order of a smaller `wanted` is a prefix of the order of a larger one.
   * @returns a permutation of 0 ... count-1
   * @throws MoatError `cancelled`
   */
  order(context: QueryPolicyContext): Promise<Uint32Array>;
}
