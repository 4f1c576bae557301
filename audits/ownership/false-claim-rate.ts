import { binomialUpperBound } from '../score/binomial.ts';
import { compareWithNull, isClaimed, leaveOneOut, type ClaimRule } from './null-distribution.ts';

/**
 * How often a way of claiming accuses encoders that are independent of the victim (landscape A18): claims among them, and the
 * exact one-sided 95 % bound of the rate behind it (Clopper and Pearson 1934). None of 59 bounds it at 5 %, none of 20 at 14 %.
 */
export interface FalseClaims {
  readonly claimed: number;
  readonly encoders: number;
  readonly rate: number;
  /** One-sided, 95 %. */
  readonly upperBound: number;
}

/** @throws RangeError without encoders */
export function falseClaimRate(claimed: number, encoders: number): FalseClaims {
  return { claimed, encoders, rate: claimed / encoders, upperBound: binomialUpperBound(claimed, encoders) };
}

/**
 * The rule "claim whatever looks at least as much like a copy as this suspect does". Suspect and encoders are independent, so
 * each encoder is one trial and the bound is exact.
 */
export function claimsAtSuspect(statistic: number, independent: readonly number[]): FalseClaims {
  return falseClaimRate(compareWithNull(statistic, independent).reached, independent.length);
}

/**
 * The rule in use, each encoder judged by all others. The trials share their null distribution, so the bound is a guide and not
 * exact. @throws RangeError with fewer than two encoders
 */
export function claimsLeftOut(independent: readonly number[], rule: ClaimRule): FalseClaims {
  const claimed = leaveOneOut(independent).filter((comparison) => isClaimed(comparison, rule)).length;
  return falseClaimRate(claimed, independent.length);
}

/** The rule papers use: claim when a test over samples of one encoder gives `p <= level`. `p`: one per independent encoder. */
export function claimsWithinModel(p: readonly number[], level: number): FalseClaims {
  return falseClaimRate(p.filter((value) => value <= level).length, p.length);
}
