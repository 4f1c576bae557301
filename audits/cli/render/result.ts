import { defenseName } from '../../contract/defense-name.ts';
import { commandName } from '../command-name.ts';
import type {
  AuditResult,
  DefenseVerdict,
  Finding,
  Flag,
  TaskBaseline,
  VerdictWord,
} from '../../contract/result.ts';
import { renderCurves } from './curves.ts';
import { renderDetection } from './detection.ts';
import { matrixSlices, renderMatrix } from './matrix.ts';
import { renderMeasures } from './measures.ts';
import {
  formatBytes,
  formatCount,
  formatDollars,
  formatDuration,
  formatEstimate,
  formatPoints,
  plural,
} from './numbers.ts';
import { renderOwnedCopies } from './owned-copies.ts';
import { renderPairs, renderTable } from './table.ts';
import { renderTransfer } from './transfer.ts';
import { cleanText, hangingText, shortenMiddle, wrapText } from './text.ts';
import type { Tone, View } from './view.ts';

/** Where the numbers can be found again, printed last. */
export interface ResultFiles {
  readonly database: string;
  readonly folder: string | null;
}

export const verdictTones = {
  pass: 'good',
  fail: 'bad',
  inconclusive: 'doubtful',
  'not-measured': 'quiet',
} as const satisfies Record<VerdictWord, Tone>;

const flagTones = {
  note: 'quiet',
  weakens: 'doubtful',
  invalidates: 'bad',
} as const satisfies Record<Flag['severity'], Tone>;

/** The audit on a terminal: the decision first, the evidence under it. */
export function renderResult(result: AuditResult, files: ResultFiles, view: View): readonly string[] {
  const section = (title: string, lines: readonly string[]): readonly string[] =>
    lines.length === 0
      ? []
      : ['', ...wrapText(title, view.columns).map((line) => view.paint('strong', line)), ...lines];
  return [
    ...wrapText(titleLine(result), view.columns).map((line) => view.paint('quiet', line)),
    ...wrapText(cleanText(result.headline), view.columns).map((line) => view.paint('strong', line)),
    ...section('Encoder', renderEncoder(result, view)),
    ...section('Baselines (accuracy; 95 % intervals)', renderBaselines(result.baselines, view)),
    ...matrixSlices(result).flatMap((slice) => ['', ...renderMatrix(result, slice, view)]),
    ...matrixSlices(result)
      .slice(0, 1)
      .flatMap((slice) => ['', ...renderMeasures(result, slice, view)]),
    ...matrixSlices(result).flatMap((slice) => {
      const lines = renderTransfer(result, slice, view);
      return lines.length === 0 ? [] : ['', ...lines];
    }),
    ...section(
      verdictTitle(result),
      result.verdicts.flatMap((verdict) => renderVerdict(verdict, view)),
    ),
    ...section(
      'What honest users lose (points of accuracy; recall of clean neighbors)',
      renderHonest(result.verdicts, view),
    ),
    ...section('Detectors (one account per stream; 95 % intervals)', renderDetection(result.detection, view)),
    ...section('Could you prove it? (ownership tests on the copies)', renderOwnedCopies(result, view)),
    ...section('What theft takes (queries, money, time)', renderCurves(result, view)),
    ...section('Recommendation', wrapIndented(result.recommendation.sentence, view)),
    ...section(
      'Findings',
      result.findings.flatMap((finding) => renderFinding(finding, view)),
    ),
    ...section(
      'Flags',
      result.flags.flatMap((flag) => renderFlag(flag, view)),
    ),
    ...section('Cost and files', renderCost(result, files, view)),
    ...section('Next', wrapIndented(nextCommand(result), view)),
  ];
}

function titleLine(result: AuditResult): string {
  const { preset } = result.config;
  const when = result.createdAt.slice(0, 16).replace('T', ' ');
  return `Moat ${result.moatVersion} · audit ${result.auditId} · ${result.state} · ${when} UTC · preset ${preset.id} v${preset.version}`;
}

function renderEncoder(result: AuditResult, view: View): readonly string[] {
  const { encoder, preflight, data } = result;
  const { preprocessing } = encoder;
  const corrupt = data.pool.corrupt.length + data.tasks.reduce((sum, task) => sum + task.corrupt.length, 0);
  const removed = data.pool.removedDuplicates;
  return renderPairs(
    [
      ...(result.config.endpoint === undefined
        ? [
            ['file', shortenMiddle(cleanText(encoder.path), Math.max(view.columns - 16, 12))] as const,
            ['SHA-256', encoder.digest.slice(0, 16)] as const,
            ['size', formatBytes(encoder.sizeBytes)] as const,
          ]
        : [['service', shortenMiddle(cleanText(encoder.path), Math.max(view.columns - 16, 12))] as const]),
      [
        'input',
        `${preprocessing.width} x ${preprocessing.height}, ${preprocessing.layout}, range ${preprocessing.range}`,
      ],
      [
        'embedding',
        `${preflight.dimension} dimensions from ${cleanText(encoder.output)}${encoder.pooling === 'none' ? '' : `, ${encoder.pooling} pooling`}`,
      ],
      [
        'query pool',
        `${plural(data.pool.rows, 'image')}${removed > 0 ? `, ${formatCount(removed)} removed as in the evaluation split` : ''}`,
      ],
      ...(corrupt > 0 ? [['unreadable', plural(corrupt, 'file')] as const] : []),
    ],
    view,
  );
}

function renderBaselines(baselines: readonly TaskBaseline[], view: View): readonly string[] {
  if (baselines.length === 0) return ['  not measured'];
  const table = renderTable(
    {
      columns: [
        { title: 'task', align: 'left' },
        { title: 'victim, probe', align: 'right' },
        { title: 'victim, kNN', align: 'right' },
        { title: 'no victim, probe', align: 'right' },
        { title: 'rows', align: 'right' },
      ],
      rows: baselines.map((baseline) => [
        cleanText(baseline.task),
        formatEstimate(baseline.victimProbe),
        formatEstimate(baseline.victimKnn),
        formatEstimate(baseline.noVictimProbe),
        `${formatCount(baseline.fitRows)} + ${formatCount(baseline.scoreRows)}`,
      ]),
    },
    view,
  );
  const variants = baselines.flatMap(({ task, noVictimVariant }) =>
    noVictimVariant === null
      ? []
      : hangingText('  ', cleanText(`no victim on ${task}: ${noVictimVariant}`), view.columns),
  );
  return [...table, ...variants.map((line) => view.paint('quiet', line))];
}

function verdictTitle(result: AuditResult): string {
  return `Verdicts (policy: ${formatCount(result.config.policy.budget)} queries, ${result.config.policy.accounts.join(' and ')} accounts)`;
}

function renderVerdict(verdict: DefenseVerdict, view: View): readonly string[] {
  const word = verdict.verdict === 'not-measured' ? 'not measured' : verdict.verdict;
  const missing =
    verdict.missingAttacks.length > 0 ? ` Not faced: ${verdict.missingAttacks.join(', ')}.` : '';
  return [
    ...hangingText(
      `  ${view.paint(verdictTones[verdict.verdict], word.padEnd(12))}  `,
      cleanText(defenseName(verdict.defense)),
      view.columns,
    ),
    ...wrapText(cleanText(verdict.reason + missing), view.columns - 4).map((line) => `    ${line}`),
  ];
}

function renderHonest(verdicts: readonly DefenseVerdict[], view: View): readonly string[] {
  const rows = verdicts.flatMap((verdict) =>
    verdict.honest.map((cost) => [
      `${cleanText(defenseName(verdict.defense))} on ${cleanText(cost.task)}, ${cost.breadth}, ${plural(cost.rows, 'image')}${cost.isCounted ? '' : ' (not counted)'}`,
      formatPoints(cost.probeLoss),
      formatPoints(cost.knnLoss),
      formatEstimate(cost.recallAt10),
    ]),
  );
  if (rows.length === 0) return [];
  return renderTable(
    {
      columns: [
        { title: 'defense', align: 'left' },
        { title: 'probe loss', align: 'right' },
        { title: 'kNN loss', align: 'right' },
        { title: 'recall@10', align: 'right' },
      ],
      rows,
    },
    view,
  );
}

function renderFinding(finding: Finding, view: View): readonly string[] {
  const grade = view.paint(
    finding.severity === 'critical' || finding.severity === 'high' ? 'bad' : 'doubtful',
    finding.severity,
  );
  return [
    ...hangingText(`  ${grade} (${finding.confidence})  `, cleanText(finding.title), view.columns),
    ...[finding.explanation, finding.fix].flatMap((text) =>
      wrapText(cleanText(text), view.columns - 4).map((line) => `    ${line}`),
    ),
  ];
}

function renderFlag(flag: Flag, view: View): readonly string[] {
  const word = view.paint(flagTones[flag.severity], flag.severity);
  return hangingText(`  ${word}  `, `${cleanText(flag.sentence)} (${cleanText(flag.scope)})`, view.columns);
}

function renderCost(result: AuditResult, files: ResultFiles, view: View): readonly string[] {
  const { cost } = result;
  return renderPairs(
    [
      ['queries sent', formatCount(cost.queries)],
      ['at your price', formatDollars(cost.dollars)],
      ...(result.network === undefined
        ? []
        : [
            [
              'network',
              `${plural(result.network.images, 'image')} asked in ${plural(result.network.requests, 'request')}, ${formatDollars(result.network.dollars)} at most`,
            ] as const,
          ]),
      ['compute', formatDuration(cost.elapsedMs)],
      ['database', cleanText(files.database)],
      ...(files.folder === null ? [] : [['report', cleanText(files.folder)] as const]),
    ],
    view,
  );
}

function nextCommand(result: AuditResult): string {
  if (result.state !== 'completed') return `${commandName} resume ${result.auditId}`;
  if (!result.config.preset.canPass)
    return `Preset ${result.config.preset.id} can fail a defense, never clear one: run again with --preset standard before you rely on a defense. A pass means these attacks failed at this budget.`;
  return `${commandName} show ${result.auditId} --json prints every number. A pass means these attacks failed at this budget.`;
}

function wrapIndented(text: string, view: View): readonly string[] {
  return wrapText(cleanText(text), view.columns - 2).map((line) => `  ${line}`);
}
