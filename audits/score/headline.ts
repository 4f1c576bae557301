import type { AuditResult, DefenseVerdict, Estimate, MatrixCell } from '../contract/result.ts';
import type { Evidence } from './evidence.ts';
import { count, dollars, percent, withInterval } from './sentences.ts';

/** The strongest undefended attack as the matrix has it: judged budget, largest stolen gain. */
export function strongestUndefended(
  evidence: Evidence,
  matrix: readonly MatrixCell[],
): MatrixCell | undefined {
  return matrix
    .filter((cell) => cell.defense === 'none' && cell.budget === evidence.judgedBudget)
    .reduce<MatrixCell | undefined>(
      (best, cell) =>
        cell.stolenGain !== null && cell.stolenGain.value > (best?.stolenGain?.value ?? -Infinity)
          ? cell
          : best,
      undefined,
    );
}

/**
 * The worst theft without a defense: the number that its verdict is given by, and the cell that leads to it. The cell's own
 * interval does not know that it was picked as the largest of many, and a result tells one interval of one number.
 */
export function worstTheft(
  evidence: Evidence,
  matrix: readonly MatrixCell[],
  verdicts: readonly DefenseVerdict[],
): { readonly cell: MatrixCell; readonly gain: Estimate } | undefined {
  const undefended = verdicts.find(({ defense }) => defense === 'none');
  const gain = undefended?.worstStolenGain ?? null;
  const judged =
    gain === null
      ? undefined
      : strongestUndefended(
          evidence,
          matrix.filter(
            ({ attack, stolenGain }) =>
              attack === undefended?.strongestAttack && stolenGain?.value === gain.value,
          ),
        );
  if (gain !== null && judged !== undefined) return { cell: judged, gain };
  const cell = strongestUndefended(evidence, matrix);
  const own = cell?.stolenGain ?? null;
  return cell === undefined || own === null ? undefined : { cell, gain: own };
}

/** One or two sentences: can it be stolen, how cheaply, and which defense to ship. */
export function writeHeadline(
  evidence: Evidence,
  matrix: readonly MatrixCell[],
  verdicts: readonly DefenseVerdict[],
  recommendation: AuditResult['recommendation'],
): string {
  return `${theftSentence(evidence, matrix, verdicts)} ${defenseSentence(verdicts, recommendation)}`;
}

function theftSentence(
  evidence: Evidence,
  matrix: readonly MatrixCell[],
  verdicts: readonly DefenseVerdict[],
): string {
  const theft = worstTheft(evidence, matrix, verdicts);
  if (theft === undefined)
    return 'Whether the encoder can be stolen was not measured: no undefended attack has a stolen gain.';
  const { cell: worst, gain } = theft;
  const queries = worst.queriesUsed ?? worst.budget;
  const price = dollars(queries * evidence.config.pricePerQuery);
  const effort = `${count(queries)} queries (${price})`;
  if (gain.low !== null && !(gain.low > 0))
    return `No attack was shown to steal anything undefended: ${worst.attack} takes ${withInterval(gain)} of the encoder's advantage with ${effort}.`;
  return `Undefended, ${worst.attack} takes ${withInterval(gain)} of the encoder's advantage on ${worst.task} with ${effort}.`;
}

function defenseSentence(
  verdicts: readonly DefenseVerdict[],
  recommendation: AuditResult['recommendation'],
): string {
  if (recommendation.defense === null) return recommendation.sentence;
  const chosen = verdicts.find(({ defense }) => defense === recommendation.defense);
  const left = chosen?.worstStolenGain ?? null;
  return `With ${recommendation.defense} the strongest attack is left with ${left === null ? 'an unknown share' : withInterval(left, percent)}.`;
}
