import { defenseName } from '../../contract/defense-name.ts';
import type { AuditResult, CurveCrossing, QueryPoint } from '../../contract/result.ts';
import { boundRounding } from '../../contract/rounding.ts';
import { formatCount, formatDollars, formatDuration, formatFraction } from './numbers.ts';
import { renderTable } from './table.ts';
import { cleanText, wrapText } from './text.ts';
import type { View } from './view.ts';

const MS_PER_HOUR = 3_600_000;
const marks = { at: '', 'at-most': '≤', 'more-than': '>' } as const satisfies Record<
  QueryPoint['relation'],
  string
>;

/** How many queries the strongest attack needs through each defense, and what the cheapest way to 90 % costs. */
export function renderCurves(result: AuditResult, view: View): readonly string[] {
  const strongest = result.curves.filter(({ attack }) => attack === null);
  if (strongest.length === 0) return [];
  const levels = strongest[0]?.crossings.map(({ level }) => level) ?? [];
  const last = levels.at(-1);
  const rows = strongest.map(({ defense, crossings, area }) => {
    const cost = result.theft.costs.find((entry) => entry.defense === defense && entry.level === last);
    const raise = result.raiseFactors.find((entry) => entry.defense === defense && entry.level === levels[0]);
    return [
      cleanText(defenseName(defense)),
      ...crossings.map(crossingText),
      area === null ? 'one budget' : formatFraction(area.value),
      raise === undefined ? '' : factorText(raise.factor),
      cost === undefined ? 'not measured' : `${marks[cost.queries.relation]}${formatDollars(cost.dollars)}`,
      cost === undefined
        ? 'not measured'
        : `${marks[cost.queries.relation]}${formatDuration(cost.hours * MS_PER_HOUR)}`,
    ];
  });
  const named = (level: number | undefined): string => `Q${Math.round((level ?? 0) * 100)}`;
  const table = renderTable(
    {
      columns: [
        { title: 'defense', align: 'left' },
        ...levels.map((level) => ({ title: named(level), align: 'right' as const })),
        { title: 'area', align: 'right' },
        { title: `raise ${named(levels[0])}`, align: 'right' },
        { title: `money, ${named(last)}`, align: 'right' },
        { title: `time, ${named(last)}`, align: 'right' },
      ],
      rows,
    },
    view,
  );
  const notes = wrapText(`${assumptionsText(result)}${chargesText(result, last)}`, view.columns - 2).map(
    (line) => view.paint('quiet', `  ${line}`),
  );
  return [...table, ...notes];
}

/** `1 829\n[1 529, >2 000]`: the interval under its value, as in the other narrow tables. */
function crossingText({ value, low, high }: CurveCrossing): string {
  const interval =
    low === null || high === null ? 'no interval' : `[${pointText(low, 'down')}, ${pointText(high, 'up')}]`;
  return `${pointText(value)}\n${interval}`;
}

function pointText({ queries, relation }: QueryPoint, rounding = boundRounding[relation]): string {
  return `${marks[relation]}${formatCount(queries, rounding)}`;
}

function factorText(factor: AuditResult['raiseFactors'][number]['factor']): string {
  if (factor === null) return 'unknown';
  return `${marks[factor.relation]}${formatFraction(factor.value, 1, boundRounding[factor.relation])}x`;
}

function assumptionsText({ config, theft }: AuditResult): string {
  const { perComputeHour, perAccount, perLabel, training } = theft.assumptions;
  const owner = training === null ? '' : ` Training it cost its owner ${formatDollars(training)}.`;
  return `Q90: queries to 90 % of the victim's advantage, strongest attack, worst task; > means not reached. At ${formatDollars(config.pricePerQuery)} a query, ${formatDollars(perAccount)} an account, ${formatDollars(perLabel)} a label, ${formatDollars(perComputeHour)} an hour of computing as measured here.${owner}`;
}

/** What of the bill the defenses themselves charge; nothing where none does. */
function chargesText({ theft }: AuditResult, level: number | undefined): string {
  return theft.costs
    .filter(({ level: own, charged }) => own === level && (charged.dollars > 0 || charged.hours > 0))
    .map(({ defense, charged: { dollars, hours } }) => {
      const work = hours > 0 ? ` and ${formatDuration(hours * MS_PER_HOUR)} of work` : '';
      return ` Of that, ${cleanText(defense)} charges ${formatDollars(dollars)}${work}.`;
    })
    .join('');
}
