import type { ChangesSince } from '../../audits/contract/report.ts';

/** What changed since an earlier audit, as sentences to be read aloud. */
export function sinceSentences(since: ChangesSince | null): readonly string[] {
  if (since === null) return ['What changed: no earlier audit of this encoder was compared.'];
  const { newFindings, fixedFindings, unchangedFindings, uncheckedFindings } = since;
  const { comparedNumbers, worseNumbers, betterNumbers, otherSettings } = since;
  const findings = [
    listed(newFindings, 'new'),
    listed(fixedFindings, 'fixed'),
    `${unchangedFindings} unchanged`,
    ...(uncheckedFindings > 0 ? [`${uncheckedFindings} not checked again`] : []),
  ];
  const numbers =
    comparedNumbers === 0
      ? 'No number of both can be compared.'
      : `Of ${comparedNumbers} numbers that both measured on the same images ${worseNumbers} are worse and ${betterNumbers} better by more than their interval.`;
  return [
    `Since audit ${since.auditId} of ${since.createdAt.slice(0, 10)}${since.isSameEncoder ? '' : ', which was of another encoder'} (${since.verdict.replaceAll('-', ' ')}), findings: ${findings.join('; ')}.`,
    numbers,
    ...(otherSettings > 0
      ? [
          `The two were set up differently in ${otherSettings} ${otherSettings === 1 ? 'thing' : 'things'}; \`moat compare\` lists all of it.`,
        ]
      : []),
  ];
}

/** `2 new (one, other)`. */
function listed(titles: readonly string[], word: string): string {
  return titles.length === 0 ? `none ${word}` : `${titles.length} ${word} (${titles.join(', ')})`;
}
