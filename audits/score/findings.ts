import type { DefenseVerdict, Finding, Flag, MatrixCell } from '../contract/result.ts';
import type { Evidence } from './evidence.ts';
import { worstTheft } from './headline.ts';
import { count, dollars, percent, points, withInterval } from './sentences.ts';

/** What a reader should act on, from the most severe. Ids are stable from audit to audit. */
export function writeFindings(
  evidence: Evidence,
  matrix: readonly MatrixCell[],
  verdicts: readonly DefenseVerdict[],
  flags: readonly Flag[],
): readonly Finding[] {
  const severities: readonly Finding['severity'][] = ['critical', 'high', 'medium', 'low', 'info'];
  const defended = verdicts.filter(({ defense }) => defense !== 'none');
  const keysOf = (defense: string): readonly string[] =>
    matrix
      .filter((cell) => cell.defense === defense && cell.budget === evidence.judgedBudget)
      .flatMap((cell) => cell.cellKeys)
      .filter((key, i, all) => all.indexOf(key) === i);
  const weakened = flags.some(({ scope, severity }) => scope === 'audit' && severity !== 'note');
  return [
    ...extractable(evidence, matrix, verdicts, weakened),
    ...defended.flatMap((verdict) => withoutProtection(verdict, keysOf(verdict.defense))),
    ...defended.flatMap((verdict) => tooCostly(evidence, verdict)),
    ...defended.flatMap((verdict) => bypassed(verdict, matrix, evidence)),
  ].toSorted((a, b) => severities.indexOf(a.severity) - severities.indexOf(b.severity));
}

function extractable(
  evidence: Evidence,
  matrix: readonly MatrixCell[],
  verdicts: readonly DefenseVerdict[],
  weakened: boolean,
): readonly Finding[] {
  const theft = worstTheft(evidence, matrix, verdicts);
  if (theft === undefined || !((theft.gain.low ?? theft.gain.value) > 0)) return [];
  const { cell, gain } = theft;
  const queries = cell.queriesUsed ?? cell.budget;
  const floor = gain.low ?? 0;
  return [
    {
      id: 'encoder-extractable',
      title: `${count(queries)} queries copy ${percent(gain.value)} of what the encoder is worth`,
      severity: floor >= 0.5 ? 'critical' : floor >= 0.25 ? 'high' : 'medium',
      confidence: gain.low === null ? 'tentative' : weakened ? 'firm' : 'certain',
      explanation: `Without a defense ${cell.attack} takes ${withInterval(gain)} of the encoder's advantage over an attacker without queries on ${cell.task}, for ${dollars(queries * evidence.config.pricePerQuery)} at the API price.`,
      fix: 'Put a defense that passes the policy in front of the API, and lower what one customer may query.',
      cellKeys: cell.cellKeys,
    },
  ];
}

function withoutProtection(verdict: DefenseVerdict, cellKeys: readonly string[]): readonly Finding[] {
  const { protection, defense } = verdict;
  if (protection === null || protection.low === null || protection.low > 0) return [];
  return [
    {
      id: `defense-without-protection:${defense}`,
      title: `${defense} was not shown to protect at all`,
      severity: 'high',
      confidence: (protection.high ?? 1) < 0.2 ? 'certain' : 'firm',
      explanation: `Against the strongest attack (${verdict.strongestAttack ?? 'unknown'}) its protection is ${withInterval(protection)}: the interval reaches zero.`,
      fix: 'Do not rely on it; choose another defense or a stronger setting.',
      cellKeys,
    },
  ];
}

function tooCostly(evidence: Evidence, verdict: DefenseVerdict): readonly Finding[] {
  const { maxHonestLoss, minRecallAt10 } = evidence.config.policy;
  const { worstHonestLoss: loss, worstRecallAt10: recall, defense } = verdict;
  const lossBroken = loss !== null && (loss.low ?? loss.value) > maxHonestLoss;
  const recallBroken = recall !== null && (recall.high ?? recall.value) < minRecallAt10;
  if (!lossBroken && !recallBroken) return [];
  const parts = [
    ...(lossBroken
      ? [`costs ${withInterval(loss, points)} of accuracy (allowed: ${points(maxHonestLoss)})`]
      : []),
    ...(recallBroken
      ? [`leaves a recall@10 of ${withInterval(recall)} (wanted: ${percent(minRecallAt10)})`]
      : []),
  ];
  return [
    {
      id: `defense-costs-honest-users:${defense}`,
      title: `${defense} costs honest users more than the policy allows`,
      severity: 'medium',
      confidence: (loss?.low ?? recall?.low ?? null) === null ? 'tentative' : 'certain',
      explanation: `On the worst task it ${parts.join(' and ')}.`,
      fix: 'Weaken the setting, or choose another defense.',
      cellKeys: evidence.groups.honest
        .filter((group) => group.defense === defense)
        .flatMap(({ cells }) => cells.map(({ key }) => key)),
    },
  ];
}

/** A defense that looks good against the plain attacks and falls to the one that knows it. */
function bypassed(
  verdict: DefenseVerdict,
  matrix: readonly MatrixCell[],
  evidence: Evidence,
): readonly Finding[] {
  const cells = matrix.filter(
    (cell) =>
      cell.defense === verdict.defense &&
      cell.budget === evidence.judgedBudget &&
      cell.attack === verdict.strongestAttack,
  );
  const high = verdict.protection?.high ?? null;
  const attackId = verdict.strongestAttack?.split(':')[0] ?? '';
  const knowsDefense =
    cells.some(({ adaptive }) => adaptive) && !evidence.facts.mustFace([]).includes(attackId);
  if (!knowsDefense || high === null || high >= evidence.config.policy.minProtection) return [];
  return [
    {
      id: `defense-bypassed:${verdict.defense}`,
      title: `${verdict.strongestAttack ?? ''} gets around ${verdict.defense}`,
      severity: 'high',
      confidence: 'firm',
      explanation: `The attack made for this defense leaves a protection of at most ${percent(high)}, where the policy asks for ${percent(evidence.config.policy.minProtection)}.`,
      fix: 'Combine it with a defense that limits what the attack needs (repeats, accounts, queries).',
      cellKeys: cells.flatMap(({ cellKeys }) => cellKeys),
    },
  ];
}
