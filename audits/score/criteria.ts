import type { Policy } from '../contract/audit.ts';
import type { Estimate } from '../contract/result.ts';
import { percent, points, withInterval } from './sentences.ts';

/**
 * One demand of the policy against one measured interval. `outside`: the whole interval breaks the limit;
 * `inside`: the whole interval keeps it; `straddles`: neither; `unknown`: no value or no interval.
 */
export interface Criterion {
  readonly id: 'protection' | 'stolen-gain' | 'honest-loss' | 'recall';
  readonly outcome: 'outside' | 'inside' | 'straddles' | 'unknown';
  /** The deciding numbers, without a full stop. */
  readonly sentence: string;
}

export interface CriterionInput {
  readonly protection: Estimate | null;
  readonly worstStolenGain: Estimate | null;
  readonly worstHonestLoss: Estimate | null;
  readonly worstRecallAt10: Estimate | null;
}

/** All demands of the policy that apply; honest-user demands are left out where nobody is disturbed (`none`). */
export function applyPolicy(
  policy: Policy,
  measured: CriterionInput,
  options: { readonly honestUsers: boolean },
): readonly Criterion[] {
  const criteria: Criterion[] = [
    atLeast('protection', 'protection', measured.protection, policy.minProtection, percent),
  ];
  if (policy.maxStolenGain !== null)
    criteria.push(
      atMost('stolen-gain', 'stolen gain', measured.worstStolenGain, policy.maxStolenGain, percent),
    );
  if (options.honestUsers)
    criteria.push(
      atMost('honest-loss', 'worst honest-user loss', measured.worstHonestLoss, policy.maxHonestLoss, points),
      atLeast('recall', 'worst recall@10', measured.worstRecallAt10, policy.minRecallAt10, percent),
    );
  return criteria;
}

/**
 * The demands that are broken by a whole interval: what fails a defense. Theft with more queries than the policy counts
 * is none.
 */
export function brokenDemands(
  { policy, judgedBudget }: { readonly policy: Policy; readonly judgedBudget: number },
  criteria: readonly Criterion[],
): readonly Criterion[] {
  const isBeyond = judgedBudget > policy.budget;
  return criteria.filter(({ id, outcome }) => outcome === 'outside' && !(isBeyond && isOfTheft(id)));
}

/** Asked of what a thief is left with; else of what honest users lose. */
export function isOfTheft(id: Criterion['id']): boolean {
  return id === 'protection' || id === 'stolen-gain';
}

function atMost(
  id: Criterion['id'],
  name: string,
  estimate: Estimate | null,
  limit: number,
  spell: (value: number) => string,
): Criterion {
  if (estimate === null) return { id, outcome: 'unknown', sentence: `${name} was not measured` };
  const { low, high } = estimate;
  const outcome =
    low === null || high === null
      ? 'unknown'
      : low > limit
        ? 'outside'
        : high <= limit
          ? 'inside'
          : 'straddles';
  return {
    id,
    outcome,
    sentence: `${name} ${withInterval(estimate, spell)} against at most ${spell(limit)}`,
  };
}

function atLeast(
  id: Criterion['id'],
  name: string,
  estimate: Estimate | null,
  limit: number,
  spell: (value: number) => string,
): Criterion {
  if (estimate === null) return { id, outcome: 'unknown', sentence: `${name} was not measured` };
  const { low, high } = estimate;
  const outcome =
    low === null || high === null
      ? 'unknown'
      : high < limit
        ? 'outside'
        : low >= limit
          ? 'inside'
          : 'straddles';
  return {
    id,
    outcome,
    sentence: `${name} ${withInterval(estimate, spell)} against at least ${spell(limit)}`,
  };
}
