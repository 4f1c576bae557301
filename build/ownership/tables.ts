import type { OwnershipEvidence, OwnershipFinding } from '../../audits/contract/ownership.ts';
import { falseClaimRate } from '../../audits/ownership/false-claim-rate.ts';
import type { JudgedSuspect, JudgedVictim } from './judge.ts';

/** What was found, as Markdown. */

/** A row per test and one for all together: each suspect's effect, bold where it is claimed, and what honest encoders met. */
export function suspectTable({ suspects, independent }: JudgedVictim, saw: ReadonlySet<string>): string {
  const labels = suspects[0]?.judgement.findings.map(({ label }) => label) ?? [];
  const rows = labels.map((label) => [
    `\`${label}\``,
    ...suspects.map((suspect) => effectCell(findingOf(suspect, label)?.evidence)),
    falseClaims(
      independent.filter(({ name }) => !label.startsWith('dataset-inference') || !saw.has(name)),
      label,
    ),
    withinClaims(suspects[0], label),
  ]);
  const joint = [
    'all together',
    ...suspects.map(({ judgement }) =>
      judgement.joint === null
        ? '-'
        : marked(judgement.joint.comparison.effect, judgement.joint.claimed, judgement.joint.comparison.p),
    ),
    bound(
      independent.filter(({ judgement }) => judgement.joint?.claimed === true).length,
      independent.length,
    ),
    '',
  ];
  return table(
    ['test', ...suspects.map(({ name }) => name), 'honest claimed', 'honest accused within one model'],
    [...rows, joint],
  );
}

/** Effect and p of one suspect's test with power and the bound at the suspect. */
export function evidenceTable(suspect: JudgedSuspect): string {
  return table(
    ['test', 'value', 'victim', 'independent', 'effect', 'p', 'power', 'false claims at it'],
    suspect.judgement.findings.flatMap(({ label, reading, victim, evidence }) =>
      evidence === null
        ? []
        : [
            [
              `\`${label}\``,
              figure(reading.statistic),
              victim === null ? '-' : figure(victim),
              `${figure(evidence.comparison.mean)} ± ${figure(evidence.comparison.deviation)} (${evidence.comparison.encoders})`,
              marked(evidence.comparison.effect, evidence.claimed),
              evidence.comparison.p.toFixed(3),
              evidence.power === null ? '-' : evidence.power.toFixed(2),
              `${evidence.falseClaims.atSuspect.claimed}, <= ${percent(evidence.falseClaims.atSuspect.upperBound)}`,
            ],
          ],
    ),
  );
}

/** One test at several numbers of images: a row per victim and number. */
export interface SizeRow {
  readonly victim: string;
  readonly images: number;
  readonly label: string;
  readonly finding: OwnershipFinding;
  readonly honestClaimed: number;
  readonly honest: number;
}

export function sizeTable(rows: readonly SizeRow[]): string {
  return table(
    [
      'victim',
      'test',
      'images a side',
      'victim’s g',
      'independent',
      'effect',
      'p',
      'within one model p',
      'honest claimed',
    ],
    rows.map(
      ({ victim, images, label, finding: { reading, evidence, withinModel }, honestClaimed, honest }) => [
        victim,
        `\`${label}\``,
        String(images),
        figure(reading.statistic),
        evidence === null
          ? '-'
          : `${figure(evidence.comparison.mean)} ± ${figure(evidence.comparison.deviation)}`,
        evidence === null ? '-' : marked(evidence.comparison.effect, evidence.claimed),
        evidence === null ? '-' : evidence.comparison.p.toFixed(3),
        withinModel === null ? '-' : figure(withinModel.welch.p),
        bound(honestClaimed, honest),
      ],
    ),
  );
}

function findingOf({ judgement }: JudgedSuspect, label: string): OwnershipFinding | undefined {
  return judgement.findings.find((finding) => finding.label === label);
}

function effectCell(evidence: OwnershipEvidence | null | undefined): string {
  return evidence === null || evidence === undefined
    ? '-'
    : marked(evidence.comparison.effect, evidence.claimed, evidence.comparison.p);
}

function marked(effect: number | null, claimed: boolean, p?: number): string {
  const text = `${effect === null ? '-' : effect.toFixed(1)}${p === undefined ? '' : ` (${p.toFixed(2)})`}`;
  return claimed ? `**${text}**` : text;
}

function falseClaims(independent: readonly JudgedSuspect[], label: string): string {
  const judged = independent.flatMap((each) => findingOf(each, label)?.evidence ?? []);
  return bound(judged.filter(({ claimed }) => claimed).length, judged.length);
}

function withinClaims(suspect: JudgedSuspect | undefined, label: string): string {
  const within =
    suspect === undefined ? undefined : findingOf(suspect, label)?.evidence?.falseClaims.withinModel;
  return within === null || within === undefined ? '' : `${within.claimed} of ${within.encoders}`;
}

function bound(claimed: number, encoders: number): string {
  if (encoders === 0) return '-';
  return `${claimed} of ${encoders} (<= ${percent(falseClaimRate(claimed, encoders).upperBound)})`;
}

function percent(share: number): string {
  return `${(100 * share).toFixed(0)} %`;
}

function figure(value: number): string {
  if (value === 0) return '0';
  return Math.abs(value) < 1e-3 || Math.abs(value) >= 1e5
    ? value.toExponential(1)
    : String(Number(value.toPrecision(3)));
}

function table(titles: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [line(titles), line(titles.map(() => '---')), ...rows.map(line)].join('\n');
}
