import type { AuditConfig } from '../../contract/audit.ts';
import { defenseName, UNDEFENDED } from '../../contract/defense-name.ts';
import type { EndpointSettings } from '../../contract/endpoint.ts';
import type { PlannedCell } from '../../plan/cells.ts';
import type { PlanSummary } from '../../plan/summary.ts';
import { formatCount, formatDollars, formatEstimatedTime, plural } from './numbers.ts';
import { renderPairs, renderTable } from './table.ts';
import { cleanText, hangingText, wrapText } from './text.ts';
import type { View } from './view.ts';

export interface Plan {
  readonly cells: readonly PlannedCell[];
  readonly summary: PlanSummary;
  /** Images that a deployed service would be asked for; absent where the encoder is a file. */
  readonly imagesToAsk?: number;
}

/** What `--dry-run` prints: cells per pair, then the totals. */
export function renderPlan(config: AuditConfig, plan: Plan, database: string, view: View): readonly string[] {
  const { summary } = plan;
  return [
    view.paint('strong', 'Plan (nothing was run)'),
    ...renderPairs(
      [
        ['preset', `${config.preset.id} v${config.preset.version}`],
        ['cells', formatCount(summary.cells)],
        ['queries', formatCount(summary.queries)],
        ['time', timeOf(config, summary)],
        ['money', `${formatDollars(summary.dollars)} at ${formatDollars(config.pricePerQuery)} a query`],
        ...networkRows(config, plan),
        ['budgets', config.budgets.map((budget) => formatCount(budget)).join(', ')],
        ['seeds', String(config.seeds)],
        ['database', cleanText(database)],
      ],
      view,
    ),
    '',
    ...renderTable(
      {
        columns: [
          { title: 'attack on defense', align: 'left' },
          { title: 'cells', align: 'right' },
        ],
        rows: pairCounts(plan.cells),
      },
      view,
    ),
    ...(summary.leftOut.length > 0 ? ['', view.paint('strong', 'No room within the time limit')] : []),
    ...summary.leftOut.flatMap(({ label, cells }) =>
      hangingText('  ', cleanText(`${label}: ${plural(cells, 'cell')}`), view.columns),
    ),
    ...(summary.notApplicable.length > 0 ? ['', view.paint('strong', 'Not applicable')] : []),
    ...summary.notApplicable.flatMap(({ attack, defense, reason }) =>
      hangingText('  ', cleanText(`${attack} on ${defenseName(defense)}: ${reason}`), view.columns),
    ),
    '',
    ...wrapText('Run the same command without --dry-run to start.', view.columns),
  ];
}

function timeOf({ workers }: AuditConfig, { estimatedMs, preparationMs }: PlanSummary): string {
  const whole = `${formatEstimatedTime(estimatedMs)} with ${plural(workers, 'worker')}`;
  return preparationMs === 0 ? whole : `${whole}, ${formatEstimatedTime(preparationMs)} of it to prepare`;
}

function networkRows(config: AuditConfig, { imagesToAsk = 0 }: Plan): readonly (readonly [string, string])[] {
  const { encoder, endpoint } = config;
  return endpoint === undefined
    ? [['network', 'not used']]
    : [
        ['network', cleanText(`asks ${encoder}`)],
        ['asked', askedSentence(endpoint, imagesToAsk)],
        ['limit', `${formatDollars(endpoint.maxSpend)}: nothing is asked beyond`],
      ];
}

/** What a service is asked for, and what that costs. */
export function askedSentence(endpoint: EndpointSettings, images: number): string {
  return `at most ${plural(images, 'image')} of pool and tasks, ${formatDollars(images * endpoint.pricePerImage)} at ${formatDollars(endpoint.pricePerImage)} each; attacks that make images of their own ask for more`;
}

/** The plan in one line, before a run. */
export function renderPlanLine(config: AuditConfig, summary: PlanSummary): string {
  return `plan: ${plural(summary.cells, 'cell')}, ${formatCount(summary.queries)} queries, ${formatEstimatedTime(summary.estimatedMs)} with ${plural(config.workers, 'worker')}, ${formatDollars(summary.dollars)} at ${formatDollars(config.pricePerQuery)} a query${leftOutPart(summary)}`;
}

function leftOutPart({ leftOut }: PlanSummary): string {
  const left = leftOut.reduce((sum, { cells }) => sum + cells, 0);
  return left === 0 ? '' : `; the time limit leaves no room for ${plural(left, 'more cell')}`;
}

function pairCounts(cells: readonly PlannedCell[]): readonly (readonly string[])[] {
  const counts = new Map<string, number>();
  for (const cell of cells) {
    if (cell.state !== 'pending') continue;
    const label = pairLabel(cell);
    counts.set(label, (counts.get(label) ?? 0) + 1);
  }
  return [...counts].map(([label, count]) => [label, formatCount(count)]);
}

function pairLabel(cell: PlannedCell): string {
  if (cell.work.kind === 'victim') return 'the victim itself';
  if (cell.work.kind === 'independent') return 'ownership tests of independent encoders';
  const defense = defenseName(cell.defenseLabel ?? UNDEFENDED);
  if (cell.work.kind === 'detection') return cleanText(`alarms of ${defense}`);
  if (cell.work.kind === 'honest') return cleanText(`honest users of ${defense}`);
  return cleanText(`${cell.attackLabel ?? ''} on ${defense}`);
}
