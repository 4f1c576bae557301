import type { AuditResult, MatrixCell } from '../../contract/result.ts';
import type { MatrixSlice } from './matrix.ts';
import { formatEstimate } from './numbers.ts';
import { renderTable } from './table.ts';
import { cleanText, wrapText } from './text.ts';
import type { View } from './view.ts';

/** The columns, in the order of how much of the copy's own geometry they see. */
const measures = [
  ['probe', 'probeAccuracy'],
  ['100 labels', 'fewLabelAccuracy'],
  ['kNN', 'knnAccuracy'],
  ['CKA', 'cka'],
  ['overlap@10', 'neighborOverlap'],
] as const satisfies readonly (readonly [string, keyof MatrixCell])[];

/**
 * What undefended copies are worth by more than one measure: a linear probe on a linear map of a public encoder only
 * reads that encoder, so such a copy shows itself by its neighbors instead.
 */
export function renderMeasures(result: AuditResult, slice: MatrixSlice, view: View): readonly string[] {
  const rows = result.matrix.filter(
    (cell) =>
      cell.defense === 'none' &&
      cell.task === slice.task &&
      (cell.budget === 0 || (cell.budget === slice.budget && cell.accounts === slice.accounts)) &&
      cell.probeAccuracy !== null,
  );
  if (rows.length === 0) return [];
  const table = renderTable(
    {
      columns: [
        { title: 'copy', align: 'left' },
        ...measures.map(([title]) => ({ title, align: 'right' as const })),
      ],
      rows: rows.map((cell) => [
        cleanText(cell.attack),
        ...measures.map(([, key]) => {
          const estimate = cell[key];
          // The interval under its value: five of them side by side are wider than a terminal.
          return estimate === null ? 'not measured' : formatEstimate(estimate).replace(' [', '\n[');
        }),
      ]),
    },
    view,
  );
  const title = `Undefended copies on ${cleanText(slice.task)} by other measures (CKA and overlap against the victim)`;
  return [...wrapText(title, view.columns).map((line) => view.paint('strong', line)), ...table];
}
