import type {
  OwnershipEvidence,
  OwnershipFinding,
  OwnershipJudgement,
  WithinModelFigures,
} from '../../contract/ownership.ts';
import type { TTest } from '../../statistics/students-t.ts';
import type { OwnershipReport } from '../examine-ownership.ts';
import { formatFraction, plural } from './numbers.ts';
import { renderPairs, renderTable } from './table.ts';
import { cleanText, hangingText } from './text.ts';
import type { View } from './view.ts';

/** An examined suspect as lines for people: what may be claimed first, then each test, then what is no evidence. */
export function renderOwnership(report: OwnershipReport, view: View): readonly string[] {
  const { judgement } = report;
  const blocks = [
    head(report, view),
    commitment(report, view),
    ...(judgement === null
      ? []
      : [evidence(judgement, view), withinModels(judgement, view), gaps(judgement, view)]),
    sentences('Notes', report.notes, view),
    judgement === null ? [] : conclusion(report, judgement, view),
  ];
  return blocks.filter((block) => block.length > 0).flatMap((block, i) => (i === 0 ? block : ['', ...block]));
}

function head(
  { victim, suspect, independent, mark, images }: OwnershipReport,
  view: View,
): readonly string[] {
  const side = (count: number | null): string => (count === null ? 'none' : plural(count, 'image'));
  const pairs: [string, string][] = [
    ['victim', `${cleanText(victim.file)}, ${plural(victim.dimension, 'dimension')}`],
    ...(suspect === null
      ? []
      : [
          ['suspect', `${cleanText(suspect.file)}, ${plural(suspect.dimension, 'dimension')}`] as [
            string,
            string,
          ],
          ['independent', plural(independent.length, 'encoder')] as [string, string],
        ]),
    ...(mark === null
      ? []
      : [
          [
            'watermark',
            `${cleanText(mark.file)}${mark.victimRate === null ? '' : `, read from the victim at ${formatFraction(mark.victimRate)} (chance 0.50)`}`,
          ] as [string, string],
        ]),
    ['private', side(images.private)],
    ['public', side(images.public)],
    ['compared on', plural(images.compared, 'image')],
  ];
  return renderPairs(pairs, view);
}

function commitment({ commitment: made }: OwnershipReport, view: View): readonly string[] {
  if (made === null) return [];
  if ('written' in made)
    return [
      ...hangingText(
        '',
        'Publish this digest where its date cannot be changed, and keep the file: the salt in it is secret.',
        view.columns,
      ),
      ...renderPairs(
        [
          ['digest', made.written.digest],
          ['committed at', made.written.committedAt],
        ],
        view,
      ),
    ];
  if (made.check.holds)
    return [
      view.paint(
        'good',
        'The commitment holds: victim, images and tests were fixed before the suspect was seen.',
      ),
    ];
  return made.check.complaints.flatMap((each) => hangingText(view.paint('bad', '! '), each, view.columns));
}

function evidence({ findings }: OwnershipJudgement, view: View): readonly string[] {
  const judged = findings.flatMap((finding) =>
    finding.evidence === null ? [] : [{ finding, evidence: finding.evidence }],
  );
  if (judged.length === 0) return statistics(findings, view);
  return renderTable(
    {
      columns: [
        { title: 'against independent encoders', align: 'left' },
        { title: 'suspect', align: 'right' },
        { title: 'victim', align: 'right' },
        { title: 'independent', align: 'right' },
        { title: 'effect', align: 'right' },
        { title: 'p', align: 'right' },
        { title: 'Holm', align: 'right' },
        { title: 'false\nclaims', align: 'right' },
        { title: 'claim', align: 'left' },
      ],
      rows: judged.map(({ finding, evidence: found }) => [
        finding.label,
        figure(finding.reading.statistic),
        finding.victim === null ? '-' : figure(finding.victim),
        `${figure(found.comparison.mean)} ± ${figure(found.comparison.deviation)}`,
        found.comparison.effect === null ? '-' : formatFraction(found.comparison.effect, 1),
        rankP(found),
        formatFraction(found.holm, 3),
        `<= ${formatFraction(100 * found.falseClaims.atSuspect.upperBound, 0)} %`,
        found.claimed ? 'yes' : 'no',
      ]),
    },
    view,
  );
}

/** Without independent encoders: the numbers alone. */
function statistics(findings: readonly OwnershipFinding[], view: View): readonly string[] {
  return renderTable(
    {
      columns: [
        { title: 'without independent encoders', align: 'left' },
        { title: 'suspect', align: 'right' },
        { title: 'victim itself', align: 'right' },
        { title: 'effect within\nthe suspect', align: 'right' },
      ],
      rows: findings.map(({ label, reading, victim, withinModel }) => [
        label,
        figure(reading.statistic),
        victim === null ? '-' : figure(victim),
        formatEffect(withinModel),
      ]),
    },
    view,
  );
}

/** The papers' tests. Their p is shown only beside the one that counts. */
function withinModels({ findings }: OwnershipJudgement, view: View): readonly string[] {
  const rows = findings.flatMap(({ label, withinModel, evidence: found }) =>
    withinModel === null || found === null ? [] : [{ label, within: withinModel, found }],
  );
  if (rows.length === 0) return [];
  return [
    ...hangingText(
      '',
      'Beside it, the tests as papers print them, over samples of one encoder. Their p says how surely two samples differ, not how often an honest encoder is accused; the last column counts that.',
      view.columns,
    ),
    '',
    ...renderTable(
      {
        columns: [
          { title: 'within one model', align: 'left' },
          { title: 'difference', align: 'right' },
          { title: 't pooled', align: 'right' },
          { title: 'p', align: 'right' },
          { title: 't Welch', align: 'right' },
          { title: 'p', align: 'right' },
          { title: 'effect', align: 'right' },
          { title: 'power', align: 'right' },
          { title: 'samples\nneeded', align: 'right' },
          { title: 'honest\naccused', align: 'right' },
        ],
        rows: rows.map(({ label, within, found }) => [label, ...withinCells(within), accused(found)]),
      },
      view,
    ),
  ];
}

function withinCells({ pooled, welch, effect, power, samplesNeeded }: WithinModelFigures): readonly string[] {
  return [
    figure(pooled.difference),
    figure(pooled.t),
    tailP(pooled),
    figure(welch.t),
    tailP(welch),
    effect === null ? '-' : formatFraction(effect),
    power === null ? '-' : formatFraction(power),
    samplesNeeded === null ? '-' : String(samplesNeeded),
  ];
}

function formatEffect(within: WithinModelFigures | null): string {
  return within === null || within.effect === null ? '-' : formatFraction(within.effect);
}

function accused({ falseClaims: { withinModel } }: OwnershipEvidence): string {
  return withinModel === null ? '-' : `${withinModel.claimed} of ${withinModel.encoders}`;
}

function gaps({ notMeasured }: OwnershipJudgement, view: View): readonly string[] {
  return sentences(
    'Not measured',
    notMeasured.map(({ label, reason }) => `${label}: ${reason}`),
    view,
  );
}

function sentences(title: string, lines: readonly string[], view: View): readonly string[] {
  if (lines.length === 0) return [];
  return [
    view.paint('strong', title),
    ...lines.flatMap((line) => hangingText('  - ', cleanText(line), view.columns)),
  ];
}

function conclusion(
  { claimed, independent }: OwnershipReport,
  { rule, joint }: OwnershipJudgement,
  view: View,
): readonly string[] {
  if (claimed === null)
    return hangingText(
      '',
      'No p-value counts without independent encoders: name a folder of them with --zoo. These numbers alone show nothing.',
      view.columns,
    );
  const floor = 1 / (independent.length + 1);
  const tooFew =
    floor > rule.level
      ? [
          `${plural(independent.length, 'independent encoder')} give no p below ${formatFraction(floor, 3)}, so nothing can be claimed at ${rule.level}: ${Math.ceil(1 / rule.level) - 1} are needed.`,
        ]
      : [];
  const verdict =
    joint === null
      ? 'The tests could not be taken together: at least three independent encoders are needed for all of them.'
      : claimed
        ? `Claimed: over ${plural(joint.tests.length, 'test')} together the suspect stands out as no independent encoder does (p = ${pText(joint.comparison.p, joint.comparison.saturated)}, most in ${joint.strongest}).`
        : `Not claimed: over ${plural(joint.tests.length, 'test')} together p = ${pText(joint.comparison.p, joint.comparison.saturated)}, effect ${joint.comparison.effect === null ? 'unknown' : formatFraction(joint.comparison.effect, 1)}; a claim needs p <= ${rule.level} and an effect of ${rule.leastEffect}.`;
  return [...tooFew, verdict].flatMap((line) =>
    hangingText('', view.paint(claimed ? 'bad' : 'strong', line), view.columns),
  );
}

/** A rank's p; a star where it is the least that so many encoders can give. */
function rankP({ comparison: { p, saturated } }: OwnershipEvidence): string {
  return pText(p, saturated);
}

function pText(p: number, saturated: boolean): string {
  return `${formatFraction(p, 3)}${saturated ? ' (floor)' : ''}`;
}

function tailP({ p, saturated }: TTest): string {
  return saturated ? '< 2e-308' : figure(p);
}

/** Three significant digits. */
function figure(value: number): string {
  if (value === 0) return '0';
  const size = Math.abs(value);
  return size >= 1e5 || size < 1e-3 ? value.toExponential(2) : String(Number(value.toPrecision(3)));
}
