import { stringify } from 'csv-stringify/sync';
import type { AuditResult } from '../../contract/result.ts';
import { flagFinder } from '../flags-on.ts';
import type { ReportFormat } from './format.ts';
import { eachMetricRow, type MetricRow } from './metric-rows.ts';

/** Digits of a cell's key that name it: enough for any database, short enough for a table of ten thousand cells. */
const KEY_DIGITS = 16;

/** Every number in rows: RFC 4180, UTF-8, one row a cell and metric. */
export const csv: ReportFormat = {
  id: 'csv',
  title: 'every number, one row a cell and metric',
  extension: 'csv',
  render: (result) => Promise.resolve(renderCsv(result)),
};

/** Columns in order; a released one keeps its name and meaning. */
export const csvColumns = [
  'audit',
  'kind',
  'attack',
  'surrogate',
  'query_policy',
  'defense',
  'budget_queries',
  'accounts',
  'task',
  'user',
  'state',
  'seeds_done',
  'seeds_planned',
  'metric',
  'value',
  'low',
  'high',
  'unit',
  'seeds',
  'n',
  'interval',
  'is_adaptive',
  'flags',
  'reason',
  'error_code',
  'cells',
] as const;

function renderCsv(result: AuditResult): string {
  const flagsOn = flagFinder(result);
  let flags = '';
  let previous: MetricRow | undefined;
  const parts: string[] = [];
  let rows: Value[][] = [[...csvColumns]];
  for (const row of eachMetricRow(result)) {
    // The numbers of one cell follow each other and are weakened alike.
    if (previous === undefined || !isSameCell(previous, row)) flags = weakeningIds(flagsOn, row);
    previous = row;
    rows.push(
      valuesOf(row, result.auditId, flags).map((value) =>
        typeof value === 'string' ? guardFormula(value) : value,
      ),
    );
    if (rows.length < ROWS_AT_ONCE) continue;
    parts.push(linesOf(rows));
    rows = [];
  }
  return parts.join('') + linesOf(rows);
}

type Value = string | number | boolean | null;

/** What becomes text together: all rows of a large audit would be half a gigabyte of values. */
const ROWS_AT_ONCE = 1000;

function linesOf(rows: Value[][]): string {
  return stringify(rows, {
    record_delimiter: 'windows',
    cast: { boolean: (value) => (value ? '1' : '0') },
  });
}

function isSameCell(a: MetricRow, b: MetricRow): boolean {
  return a.cellKeys === b.cellKeys && a.task === b.task && a.defense === b.defense;
}

function weakeningIds(
  flagsOn: ReturnType<typeof flagFinder>,
  { task, defense, cellKeys }: MetricRow,
): string {
  const flags = flagsOn({ task: task ?? undefined, defense: defense ?? undefined, cellKeys });
  return [...new Set(flags.filter(({ severity }) => severity !== 'note').map(({ id }) => id))].join(' ');
}

function valuesOf(row: MetricRow, auditId: string, flags: string): readonly Value[] {
  const { estimate } = row;
  return [
    auditId,
    row.kind,
    row.attack,
    row.surrogate,
    row.queryPolicy,
    row.defense,
    row.budget,
    row.accounts,
    row.task,
    row.user,
    row.state,
    row.seedsDone,
    row.seedsPlanned,
    row.metric,
    estimate?.value ?? null,
    estimate?.low ?? null,
    estimate?.high ?? null,
    estimate?.unit ?? null,
    estimate?.seeds ?? null,
    estimate?.items ?? null,
    estimate?.method ?? null,
    row.adaptive,
    flags,
    row.reason,
    row.errorCode,
    row.cellKeys.map((key) => key.slice(0, KEY_DIGITS)).join(' '),
  ];
}

/**
 * Spreadsheets run text that begins like a formula, also in its full-width spelling: an apostrophe in front makes it text.
 * One that stands there already gets another, so that taking one away always gives the text back.
 */
export function guardFormula(text: string): string {
  return /^['=+\-@\t\r\n＝＋－＠]/u.test(text) ? `'${text}` : text;
}

/** The text that `guardFormula` was given. */
export function unguardFormula(text: string): string {
  return text.startsWith("'") ? text.slice(1) : text;
}
