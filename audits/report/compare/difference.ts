import type { Estimate } from '../../contract/result.ts';

/** What a change means for the provider; `not-comparable`: one side is missing, or measured on something else. */
export type ChangeWord = 'better' | 'worse' | 'no-evidence' | 'not-comparable';

export interface Difference {
  /** After minus before; null where one is missing. */
  readonly delta: number | null;
  /** 95 % interval of the difference; null where one of the two has none. */
  readonly low: number | null;
  readonly high: number | null;
  readonly word: ChangeWord;
}

/**
 * The difference of two estimates with an interval from their own intervals (MOVER: Zou and Donner, "Construction of
 * confidence intervals about effect measures", Statistics in Medicine 27, 2008, equation 7), which holds for independent
 * estimates. Two audits of the same test images are not independent but alike, which makes this interval too wide and
 * never too narrow: a change that is called one is one.
 * @param higherIs whether more of it is good for the provider
 */
export function differenceOf(
  before: Estimate | null,
  after: Estimate | null,
  higherIs: 'better' | 'worse',
): Difference {
  if (before === null || after === null)
    return { delta: null, low: null, high: null, word: 'not-comparable' };
  const delta = after.value - before.value;
  if (before.low === null || before.high === null || after.low === null || after.high === null)
    return { delta, low: null, high: null, word: 'no-evidence' };
  const low = delta - Math.hypot(after.value - after.low, before.high - before.value);
  const high = delta + Math.hypot(after.high - after.value, before.value - before.low);
  const word = low > 0 ? higherIs : high < 0 ? (higherIs === 'better' ? 'worse' : 'better') : 'no-evidence';
  return { delta, low, high, word };
}
