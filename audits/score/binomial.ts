import betaQuantile from '@stdlib/stats-base-dists-beta-quantile';

/** Exact binomial bounds (Clopper and Pearson 1934): quantiles of a beta distribution. */

const LEVEL = 0.95;

export interface ShareBounds {
  readonly low: number;
  readonly high: number;
}

/**
 * 95 % interval of a share of which `hits` of `trials` were seen.
 * @throws RangeError unless `0 <= hits <= trials` and `trials >= 1`, all whole
 */
export function binomialBounds(hits: number, trials: number): ShareBounds {
  check(hits, trials);
  const tail = (1 - LEVEL) / 2;
  return {
    low: hits === 0 ? 0 : betaQuantile(tail, hits, trials - hits + 1),
    high: hits === trials ? 1 : betaQuantile(1 - tail, hits + 1, trials - hits),
  };
}

/**
 * One-sided 95 % upper bound: none of 59 bounds a rate at 5 %.
 * @throws RangeError as `binomialBounds`
 */
export function binomialUpperBound(hits: number, trials: number): number {
  check(hits, trials);
  return hits === trials ? 1 : betaQuantile(LEVEL, hits + 1, trials - hits);
}

function check(hits: number, trials: number): void {
  if (!Number.isInteger(hits) || !Number.isInteger(trials) || trials < 1 || hits < 0 || hits > trials)
    throw new RangeError(`${hits} of ${trials}`);
}
