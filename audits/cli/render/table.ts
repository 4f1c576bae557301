import Table from 'cli-table3';
import { padText, textWidth, wrapText } from './text.ts';
import type { View } from './view.ts';

export interface Column {
  readonly title: string;
  readonly align: 'left' | 'right';
}

/** Rows of unstyled text; a cell may hold several lines. */
export interface TableSpec {
  readonly columns: readonly Column[];
  readonly rows: readonly (readonly string[])[];
}

/** Space between columns. */
const GAP = 2;
/** A first column narrower than this breaks names so often that a list reads better. */
const NARROWEST_NAME = 14;

/**
 * A table with hairlines under its head. The first column (names) shrinks and wraps to make it fit;
 * where even that is too narrow, a list: one block a row, one line a column.
 */
export function renderTable(spec: TableSpec, view: View): readonly string[] {
  const widths = spec.columns.map((column, i) =>
    Math.max(widthOf(column.title), ...spec.rows.map((row) => widthOf(row[i] ?? ''))),
  );
  const others = widths.slice(1).reduce((sum, width) => sum + width + GAP, 0);
  const room = view.columns - others;
  const nameWidth = Math.min(widths[0] ?? 0, room);
  if (nameWidth < Math.min(NARROWEST_NAME, widths[0] ?? 0)) return renderList(spec, view);

  const [names, ...figures] = spec.columns;
  const table = new Table({
    head: [names?.title ?? '', ...figures.map((column) => column.title)].map((title) =>
      view.paint('quiet', title),
    ),
    colAligns: spec.columns.map((column) => column.align),
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': GAP },
    chars: hairlines(),
  });
  for (const [name = '', ...cells] of spec.rows) table.push([wrapText(name, nameWidth).join('\n'), ...cells]);
  const rule = view.paint('quiet', '─'.repeat(Math.min(view.columns, nameWidth + others)));
  const lines = table
    .toString()
    .split('\n')
    .map((line) => line.trimEnd());
  const headLines = Math.max(...spec.columns.map((column) => column.title.split('\n').length));
  return [...lines.slice(0, headLines), rule, ...lines.slice(headLines)];
}

function renderList(spec: TableSpec, view: View): readonly string[] {
  const labels = spec.columns.map((column) => column.title.replaceAll('\n', ' '));
  return spec.rows.flatMap((row) => [
    ...wrapText(row[0] ?? '', view.columns).map((line) => view.paint('strong', line)),
    ...row.slice(1).flatMap((cell, i) => listEntry(labels[i + 1] ?? '', cell.replaceAll('\n', ' '), view)),
  ]);
}

function listEntry(label: string, value: string, view: View): readonly string[] {
  const line = `  ${label}  ${value}`;
  if (textWidth(line) <= view.columns) return [`  ${view.paint('quiet', label)}  ${value}`];
  return [
    ...wrapText(label, view.columns - 2).map((part) => `  ${view.paint('quiet', part)}`),
    ...wrapText(value, view.columns - 4).map((part) => `    ${part}`),
  ];
}

function widthOf(cell: string): number {
  return Math.max(...cell.split('\n').map(textWidth));
}

function hairlines(): Record<string, string> {
  const places = ['top', 'bottom', 'left', 'right', 'mid'];
  const joints = ['top-mid', 'top-left', 'top-right', 'bottom-mid', 'bottom-left', 'bottom-right'];
  const inner = ['left-mid', 'mid-mid', 'right-mid', 'middle'];
  return Object.fromEntries([...places, ...joints, ...inner].map((place) => [place, '']));
}

/** Label and value under each other, values aligned: `  label    value`. Values wrap under themselves. */
export function renderPairs(
  pairs: readonly (readonly [label: string, value: string])[],
  view: View,
): readonly string[] {
  const widest = Math.max(...pairs.map(([label]) => textWidth(label)));
  const indent = 2 + widest + 2;
  const isNarrow = indent > view.columns / 2;
  return pairs.flatMap(([label, value]) => {
    if (isNarrow) return listEntry(label, value, view);
    return wrapText(value, view.columns - indent).map((line, i) =>
      i === 0 ? `  ${view.paint('quiet', padText(label, widest))}  ${line}` : ' '.repeat(indent) + line,
    );
  });
}
