import type { AuditResult } from '../../contract/result.ts';
import type { MatrixSlice } from './matrix.ts';
import { formatEstimate, formatFraction } from './numbers.ts';
import { renderTable } from './table.ts';
import { cleanText, wrapText } from './text.ts';
import type { View } from './view.ts';

/** Of the six sizes of change in the result: well visible to a machine, hardly to a person. */
const SHOWN_EPSILON = 0.1;

/** What adversarial examples made on undefended copies do to the victim; nothing where it was not measured. */
export function renderTransfer(result: AuditResult, slice: MatrixSlice, view: View): readonly string[] {
  const rows = result.matrix.flatMap(({ attack, defense, task, budget, accounts, fidelity }) => {
    const isShown =
      task === slice.task && (budget === 0 || (budget === slice.budget && accounts === slice.accounts));
    const point = fidelity.transfer?.find(({ epsilon }) => epsilon === SHOWN_EPSILON);
    if (!isShown || point === undefined) return [];
    const { success, random, excess } = point;
    const name = defense === 'none' ? attack : `${attack} on ${defense}`;
    return [[cleanText(name), ...[success, random, excess].map((each) => formatEstimate(each))]];
  });
  if (rows.length === 0) return [];
  const title = `Adversarial examples made on the copy, shown to the victim, on ${cleanText(slice.task)} (share misled, pixels moved by ${formatFraction(SHOWN_EPSILON)} of their range)`;
  const table = renderTable(
    {
      columns: [
        { title: 'copy', align: 'left' },
        { title: 'FGSM', align: 'right' },
        { title: 'random', align: 'right' },
        { title: 'difference', align: 'right' },
      ],
      rows,
    },
    view,
  );
  return [...wrapText(title, view.columns).map((line) => view.paint('strong', line)), ...table];
}
