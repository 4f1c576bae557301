import type { Estimate } from '../contract/result.ts';
import { percent, points } from '../score/sentences.ts';
import type { Check } from './check.ts';

/** Limits finer than what the rows and seeds at hand can tell apart: such a verdict needs more data, not more runs. */
export const unresolvablePolicy: Check = {
  id: 'unresolvable-policy',
  run({ evidence, verdicts }) {
    const { policy } = evidence.config;
    return verdicts.flatMap(({ defense, worstHonestLoss, worstRecallAt10 }) => {
      const loss = halfWidth(worstHonestLoss);
      const recall = halfWidth(worstRecallAt10);
      const parts = [
        ...(loss > policy.maxHonestLoss
          ? [
              `an honest-user loss of ${points(policy.maxHonestLoss)} (the interval is ${points(loss)} either way)`,
            ]
          : []),
        ...(recall > 1 - policy.minRecallAt10
          ? [`a recall@10 of ${percent(policy.minRecallAt10)} (${points(recall)} either way)`]
          : []),
      ];
      if (parts.length === 0) return [];
      return [
        {
          severity: 'weakens' as const,
          scope: `defense:${defense}`,
          sentence: `The rows and seeds at hand cannot resolve ${parts.join(' or ')}.`,
        },
      ];
    });
  },
};

function halfWidth(estimate: Estimate | null): number {
  if (estimate === null || estimate.low === null || estimate.high === null) return 0;
  return (estimate.high - estimate.low) / 2;
}
