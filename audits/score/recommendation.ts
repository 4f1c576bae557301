import type { AuditResult, DefenseVerdict, Estimate } from '../contract/result.ts';
import { listed, points, withInterval } from './sentences.ts';

/**
 * The passing defense with the least honest-user loss; others whose interval of loss reaches down to its are tied.
 * None passing is said plainly, with what stands in the way.
 */
export function recommend(verdicts: readonly DefenseVerdict[]): AuditResult['recommendation'] {
  const defended = verdicts.filter(({ defense }) => defense !== 'none');
  const passing = defended
    .flatMap(({ defense, verdict, worstHonestLoss }) =>
      verdict === 'pass' && worstHonestLoss !== null ? [{ defense, loss: worstHonestLoss }] : [],
    )
    .toSorted((a, b) => a.loss.value - b.loss.value || (a.defense < b.defense ? -1 : 1));
  const [best, ...others] = passing;
  if (best === undefined) return { defense: null, sentence: noneSentence(defended) };
  const tied = others.filter(({ loss }) => overlap(loss, best.loss)).map(({ defense }) => defense);
  const tie = tied.length === 0 ? '' : ` Tied with ${listed(tied)}: their losses cannot be told apart.`;
  return {
    defense: best.defense,
    sentence: `Switch on ${best.defense}: it keeps the policy and costs honest users ${withInterval(best.loss, points)} on the worst task.${tie}`,
  };
}

function noneSentence(defended: readonly DefenseVerdict[]): string {
  if (defended.length === 0) return 'No defense was audited, so none can be recommended.';
  const counted = (word: DefenseVerdict['verdict'], spelled: string): string[] => {
    const number = defended.filter(({ verdict }) => verdict === word).length;
    return number === 0 ? [] : [`${number} ${spelled}`];
  };
  const parts = [
    ...counted('fail', 'failed'),
    ...counted('inconclusive', 'inconclusive'),
    ...counted('not-measured', 'not cleared by what ran'),
  ];
  return defended.length === 1
    ? `The one audited defense, ${defended[0]?.defense ?? ''}, cannot be recommended: ${listed(parts)}.`
    : `None of the ${defended.length} audited defenses can be recommended: ${listed(parts)}.`;
}

function overlap(a: Estimate, b: Estimate): boolean {
  return a.low !== null && b.high !== null && a.low <= b.high;
}
