import { binomialBounds, type ShareBounds } from './binomial.ts';

/**
 * How often a detector catches attackers while it bothers few others. Scores are one per independent account, larger = more
 * suspicious; rows of one account are no independent streams.
 */

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
  const needed = Math.ceil(1 / falsePositiveRate);
  if (attackers.length === 0 || benign.length < needed)
    return {
      isEstimable: false,
      reason: `not estimable: ${benign.length} of at least ${needed} independent benign accounts, ${attackers.length} attackers`,
    };
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

/**
 * Area under the ROC curve: how likely an attacker scores above a benign account, ties half (Mann and Whitney 1947).
 * @throws RangeError when either side is empty
 */
export function rocArea(benign: readonly number[], attackers: readonly number[]): number {
  if (benign.length === 0 || attackers.length === 0)
    throw new RangeError(`${attackers.length} attackers against ${benign.length} benign accounts`);
  let wins = 0;
  for (const attacker of attackers)
    for (const other of benign) wins += attacker > other ? 1 : attacker === other ? 0.5 : 0;
  return wins / (benign.length * attackers.length);
}
