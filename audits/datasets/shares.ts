import type { DataSource } from '../contract/audit.ts';

/** Pools that are drawn from together, and their share in what is sent. */
export interface PoolShare {
  readonly name: string;
  /** In (0, 1]; the shares of an audit sum to 1. */
  readonly share: number;
  /** Indices of the pools it is drawn from, mixed as large as they are. */
  readonly pools: readonly number[];
}

/** Shares are decimals: what a sum of them may be off by. */
const ROUNDING = 1e-9;

/**
 * The shares of an audit's pools: those that name one have it, all others together have the rest.
 * @returns undefined where no pool names a share: then all are mixed as large as they are
 * @throws RangeError with a sentence when the shares cannot sum to 1
 */
export function poolShares(pools: readonly DataSource[]): readonly PoolShare[] | undefined {
  if (pools.every(({ share }) => share === undefined)) return undefined;
  const named = pools.flatMap(({ name, share }, at): readonly PoolShare[] =>
    share === undefined ? [] : [{ name, share, pools: [at] }],
  );
  const rest = 1 - named.reduce((sum, { share }) => sum + share, 0);
  const others = [...pools.keys()].filter((at) => pools[at]?.share === undefined);
  if (rest < -ROUNDING) throw new RangeError('the shares of the pools sum to more than 1');
  if (others.length === 0) {
    if (rest > ROUNDING)
      throw new RangeError('the shares of the pools sum to less than 1 and no pool takes the rest');
    return named;
  }
  if (rest <= ROUNDING)
    throw new RangeError(`the shares leave nothing for ${others.map((at) => pools[at]?.name).join(', ')}`);
  return [
    { name: others.map((at) => pools[at]?.name ?? '').join(' and '), share: rest, pools: others },
    ...named,
  ];
}

/**
 * Which source each place of an order belongs to, so that every prefix has the shares as exactly as whole images can: a
 * place goes to the source that would fall behind its share first among those whose turn has come (Tijdeman's chairman
 * assignment, 1980), which keeps every source within one image of its share at every prefix.
 * @param shares positive, sum 1
 * @returns index of a source per place
 */
export function interleave(shares: readonly number[], count: number): Uint8Array {
  const taken = shares.map(() => 0);
  return Uint8Array.from({ length: count }, (_, place) => {
    let chosen = -1;
    let earliest = Number.POSITIVE_INFINITY;
    for (const [source, share] of shares.entries()) {
      const behind = share * (place + 1) - (taken[source] ?? 0);
      // Below this it would be ahead by a whole image once it got this place.
      if (behind <= ROUNDING) continue;
      const deadline = (1 - behind) / share;
      if (deadline < earliest - ROUNDING) {
        earliest = deadline;
        chosen = source;
      }
    }
    const source = Math.max(0, chosen);
    taken[source] = (taken[source] ?? 0) + 1;
    return source;
  });
}
