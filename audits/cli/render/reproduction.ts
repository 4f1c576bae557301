import type { Comparison, ComparisonFinding, OrderingFinding, Answer } from '../../reproduce/ordering.ts';
import type { TableReading, TableValue } from '../../reproduce/read-table.ts';
import type { Scale } from '../../reproduce/scale.ts';
import type { PaperTable } from '../../reproduce/table.ts';
import { formatDuration, formatFraction, plural } from './numbers.ts';
import { renderTable } from './table.ts';
import { cleanText, wrapText } from './text.ts';
import type { View } from './view.ts';

/** A table of the paper beside what came out here. */
export interface Reproduction {
  readonly table: Pick<PaperTable, 'id' | 'alsoCalled' | 'title' | 'setting' | 'unit' | 'differences'>;
  readonly scale: Pick<Scale, 'id' | 'sentence'>;
  readonly seeds: number;
  readonly reading: TableReading;
  /** Commands run, in order, and their wall clock. */
  readonly steps: readonly { readonly command: string; readonly wallMs: number }[];
}

const words: Readonly<Record<Answer, string>> = {
  holds: 'holds',
  'holds-in-the-mean': 'holds in the mean, not settled',
  'fails-in-the-mean': 'does not hold in the mean, not settled',
  fails: 'does not hold',
  'not-measured': 'not measured',
};

/** `Tables 7 and 8`. */
export function tableNumbers({ id, alsoCalled }: Pick<PaperTable, 'id' | 'alsoCalled'>): string {
  const numbers = [id, ...alsoCalled].map((name) => Number(name.slice('table'.length))).sort((a, b) => a - b);
  const last = numbers.at(-1);
  return numbers.length === 1 ? `Table ${last}` : `Tables ${numbers.slice(0, -1).join(', ')} and ${last}`;
}

interface Sections {
  readonly rows: readonly (readonly string[])[];
  readonly orderings: readonly (readonly [sentence: string, word: string, detail: string])[];
  readonly notRun: readonly string[];
}

const HEAD = ['', 'ours', 'paper', 'difference'] as const;

function sectionsOf({ table, reading }: Reproduction): Sections {
  const shown = reading.values.filter(({ ours }) => ours !== null);
  return {
    rows: shown.map((value) => [`${value.row}, ${value.column}`, ...figures(value)]),
    orderings: reading.orderings.map((finding) => [
      finding.sentence,
      words[finding.answer],
      detailOf(finding, table.unit),
    ]),
    notRun: notRunLines(reading.values),
  };
}

function figures({ ours, value, deviation }: TableValue): readonly string[] {
  if (ours === null) return ['–', spell(value), '–'];
  const { low, high } = ours;
  const interval = low === null || high === null ? '' : ` [${number(low)}, ${number(high)}]`;
  const between = ours.deviation === null ? '' : ` ± ${number(ours.deviation)}`;
  return [
    `${number(ours.value)}${between}${interval}`,
    `${spell(value)}${deviation === undefined ? '' : ` ± ${deviation}`}`,
    value === null ? '–' : signed(ours.value - value),
  ];
}

function notRunLines(values: readonly TableValue[]): readonly string[] {
  const byReason = new Map<string, TableValue[]>();
  for (const value of values)
    if (value.notRun !== null) byReason.set(value.notRun, [...(byReason.get(value.notRun) ?? []), value]);
  return [...byReason].map(([reason, missing]) => {
    const columns = [...new Set(missing.map(({ column }) => column))];
    const places = columns.map((column) => {
      const rows = missing.filter((value) => value.column === column).map(({ row }) => row);
      const all = values.filter((value) => value.column === column).length === rows.length;
      return { column, rows: all ? 'every row' : rows.join('; ') };
    });
    // Columns that lack the same rows are said together.
    const together = new Map<string, string[]>();
    for (const { column, rows } of places) together.set(rows, [...(together.get(rows) ?? []), column]);
    const said = [...together].map(([rows, names]) => `${names.join(', ')} (${rows})`).join('; ');
    return `${said}: ${reason}.`;
  });
}

/** Every comparison that did not hold, or the only one; how many were left out. */
function detailOf({ comparisons }: OrderingFinding, unit: string): string {
  const measured = comparisons.filter(({ answer }) => answer !== 'not-measured');
  const left = comparisons.length - measured.length;
  const doubtful = measured.filter(({ answer }) => answer !== 'holds');
  const shown = doubtful.length > 0 ? doubtful : measured.slice(0, measured.length === 1 ? 1 : 0);
  return [
    ...shown.map((finding) => comparisonText(finding, unit)),
    ...(measured.length > 1
      ? [`${measured.length - doubtful.length} of ${measured.length} comparisons hold beyond doubt`]
      : []),
    ...(left > 0 && measured.length > 0 ? [`${left} not measured`] : []),
  ].join('; ');
}

function comparisonText({ comparison, compared }: ComparisonFinding, unit: string): string {
  if (compared === undefined) return '';
  const { value, low, high } = compared;
  const hasInterval = low !== null && high !== null && Number.isFinite(low) && Number.isFinite(high);
  const interval = hasInterval ? ` [${number(low)}, ${number(high)}]` : '';
  return `${operands(comparison, unit)}: ${number(value)}${interval}`;
}

function operands(comparison: Comparison, unit: string): string {
  const points = unit === '%' ? ' points' : '';
  const named = (at: string): string => at.replace(' / ', ', ');
  if (comparison.kind === 'between')
    return `${named(comparison.value)} from ${comparison.low} to ${comparison.high}`;
  if (comparison.kind === 'near')
    return `${named(comparison.a)} less ${named(comparison.b)} within ${comparison.within}${points}`;
  return `${named(comparison.larger)} less ${named(comparison.smaller)} above ${comparison.by}${points}`;
}

/** What stands behind the intervals: some tables have one copy a value, as the paper has, however many seeds were asked for. */
function repetitions({ seeds, reading }: Reproduction): string {
  const measured = reading.values.flatMap(({ ours }) => (ours === null ? [] : [ours.seeds]));
  const most = measured.length === 0 ? seeds : Math.max(...measured);
  return most === 1 ? '1 seed, intervals over images' : plural(most, 'seed');
}

/** For a terminal. */
export function renderReproduction(reproduction: Reproduction, view: View): readonly string[] {
  const { table, scale, steps } = reproduction;
  const { rows, orderings, notRun } = sectionsOf(reproduction);
  const paragraph = (text: string): readonly string[] => wrapText(cleanText(text), view.columns);
  const item = (text: string): readonly string[] =>
    wrapText(cleanText(text), view.columns - 4).map((line, at) => (at === 0 ? `  - ${line}` : `    ${line}`));
  return [
    view.paint('strong', `${tableNumbers(table)}: ${table.title}`),
    ...paragraph(table.setting),
    ...paragraph(`Scale ${scale.id}, ${repetitions(reproduction)}. ${scale.sentence}`),
    '',
    ...(rows.length === 0
      ? ['Nothing of it was run.']
      : renderTable(
          {
            columns: HEAD.map((title, at) => ({
              title: at === 0 ? unitTitle(table.unit) : title,
              align: at === 0 ? 'left' : 'right',
            })),
            rows: rows.map((cells) => cells.map(cleanText)),
          },
          view,
        )),
    '',
    view.paint('strong', 'What the paper’s numbers say'),
    ...orderings.flatMap(([sentence, word, detail]) =>
      item(`${word}: ${sentence}${detail === '' ? '' : ` (${detail})`}`),
    ),
    ...(notRun.length === 0 ? [] : ['', view.paint('strong', 'Not run'), ...notRun.flatMap(item)]),
    ...(table.differences.length === 0
      ? []
      : ['', view.paint('strong', 'Other than in the paper'), ...table.differences.flatMap(item)]),
    ...(steps.length === 0
      ? []
      : ['', `${plural(steps.length, 'command')}, ${formatDuration(total(steps))}`]),
  ];
}

/** For a document, between its markers. */
export function renderReproductionMarkdown(reproduction: Reproduction): string {
  const { table, scale, steps } = reproduction;
  const { rows, orderings, notRun } = sectionsOf(reproduction);
  const row = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  const grid = (head: readonly string[], body: readonly (readonly string[])[]): string =>
    [row(head), row(head.map((_, at) => (at === 0 ? '---' : '--:'))), ...body.map(row)].join('\n');
  return [
    `${table.setting} Scale ${scale.id}, ${repetitions(reproduction)}${steps.length === 0 ? '' : `, ${formatDuration(total(steps))}`}.`,
    rows.length === 0 ? 'Nothing of it was run.' : grid([unitTitle(table.unit), ...HEAD.slice(1)], rows),
    [
      row(['what the paper’s numbers say', '', '']),
      row(['---', '---', '---']),
      ...orderings.map(([sentence, word, detail]) =>
        row([sentence, word.startsWith('does not') ? `**${word}**` : word, detail]),
      ),
    ].join('\n'),
    ...(notRun.length === 0 ? [] : [['Not run:', '', ...notRun.map((line) => `- ${line}`)].join('\n')]),
    ...(table.differences.length === 0
      ? []
      : [['Other than in the paper:', '', ...table.differences.map((line) => `- ${line}`)].join('\n')]),
  ].join('\n\n');
}

function unitTitle(unit: string): string {
  return unit === '%' ? 'percent' : unit === 'l2' ? 'distance' : '';
}

function total(steps: Reproduction['steps']): number {
  return steps.reduce((sum, { wallMs }) => sum + wallMs, 0);
}

/** Three digits or more, small p-values in powers of ten. */
function number(value: number): string {
  const size = Math.abs(value);
  if (size !== 0 && size < 0.001) return value.toExponential(1);
  return formatFraction(value, size < 1 ? 3 : size < 10 ? 2 : 1);
}

function spell(value: number | null): string {
  if (value === null) return '–';
  return value !== 0 && Math.abs(value) < 0.001 ? value.toExponential() : String(value);
}

function signed(value: number): string {
  const text = number(value);
  return value > 0 ? `+${text}` : text;
}
