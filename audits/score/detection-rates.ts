import { binomialBounds, type ShareBounds } from './binomial.ts';

/**
 * How often a detector catches attackers while it bothers few others. Scores are one per independent account, larger = more
 * suspicious; rows of one account are no independent streams.
 */

/** Shares of benign accounts which may be bothered, at which detectors are compared. */
export const FALSE_POSITIVE_RATES = [0.01, 0.001] as const;

export type DetectionRate =
  | ({ readonly isEstimable: true; readonly value: number; readonly threshold: number } & ShareBounds)
  | {
      readonly isEstimable: false;
      /** Why, for people; without a full stop. */
      readonly reason: string;
    };

/**
 * Share of attackers above a threshold that at most `falsePositiveRate` of the benign accounts exceed, with its exact
 * 95 % interval. Not estimable with fewer benign accounts than `1 / falsePositiveRate`: the smallest rate that m accounts
 * can show is 1 / m.
 */
export function truePositiveRate(
  benign: readonly number[],
  attackers: readonly number[],
  falsePositiveRate: number,
): DetectionRate {
  const reason = notEstimable(benign.length, attackers.length, falsePositiveRate);
  if (reason !== null) return { isEstimable: false, reason };
  const descending = benign.toSorted((a, b) => b - a);
  // So many benign accounts may lie above; a score equal to the next one's is not above it.
  const allowed = Math.floor(falsePositiveRate * benign.length);
  const threshold = descending[allowed] ?? -Infinity;
  const caught = attackers.filter((score) => score > threshold).length;
  return {
    isEstimable: true,
    value: caught / attackers.length,
    threshold,
    ...binomialBounds(caught, attackers.length),
  };
}

/** Why so few accounts cannot show such a rate, for people; null where they can. */
export function notEstimable(benign: number, attackers: number, falsePositiveRate: number): string | null {
  const needed = Math.ceil(1 / falsePositiveRate);
  if (attackers > 0 && benign >= needed) return null;
  return `not estimable: ${benign} of at least ${needed} independent benign accounts, ${attackers} attackers`;
}

/**
 * Area under the ROC curve: how likely an attacker scores above a benign account, ties half (Mann and Whitney 1947).
 * @throws RangeError when either side is empty
 */
export function rocArea(benign: readonly number[], attackers: readonly number[]): number {
  if (benign.length === 0 || attackers.length === 0)
    throw new RangeError(`${attackers.length} attackers against ${benign.length} benign accounts`);
  const shares = placements(benign, attackers);
  return shares.reduce((sum, share) => sum + share, 0) / shares.length;
}

/** Per attacker the share of benign accounts with a smaller score, ties half: their mean is the area under the ROC curve. */
export function placements(benign: readonly number[], attackers: readonly number[]): readonly number[] {
  return attackers.map(
    (attacker) =>
      benign.reduce((sum, other) => sum + (attacker > other ? 1 : attacker === other ? 0.5 : 0), 0) /
      benign.length,
  );
}
