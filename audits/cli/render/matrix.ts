import { defenseName } from '../../contract/defense-name.ts';
import type { AuditResult, MatrixCell } from '../../contract/result.ts';
import { formatEstimate, formatCount, formatFraction, formatInterval, plural } from './numbers.ts';
import { renderTable } from './table.ts';
import { cleanText, hangingText, textWidth, wrapText } from './text.ts';
import type { View } from './view.ts';

/** One table of the matrix: all defenses against all attacks at one budget, number of accounts and task. */
export interface MatrixSlice {
  readonly budget: number;
  readonly accounts: number;
  readonly task: string;
}

/** What stands in a matrix cell that has no number. Never blank, never something that reads as a pass. */
const stateWords = {
  pending: 'pending',
  running: 'running',
  done: 'no value',
  failed: 'failed',
  'not-applicable': 'not applicable',
  'not-run': 'not run',
} as const satisfies Record<MatrixCell['state'], string>;

export function matrixSlices(result: AuditResult): readonly MatrixSlice[] {
  const measured = result.matrix.filter((cell) => cell.budget > 0);
  const budget = judgedBudget(
    measured.map((cell) => cell.budget),
    result.config.policy.budget,
  );
  const atBudget = measured.filter((cell) => cell.budget === budget);
  const accounts = [...new Set(atBudget.map((cell) => cell.accounts))].sort((a, b) => a - b);
  const tasks = [...new Set(atBudget.map((cell) => cell.task))];
  return accounts.flatMap((count) =>
    tasks
      .filter((task) => atBudget.some((cell) => cell.accounts === count && cell.task === task))
      .map((task) => ({ budget, accounts: count, task })),
  );
}

export function renderMatrix(result: AuditResult, slice: MatrixSlice, view: View): readonly string[] {
  const cells = result.matrix.filter(
    (cell) => cell.budget === slice.budget && cell.accounts === slice.accounts && cell.task === slice.task,
  );
  const attacks = [...new Set(cells.map((cell) => cell.attack))];
  const defenses = [...new Set(cells.map((cell) => cell.defense))];
  const cellAt = (defense: string, attack: string): MatrixCell | undefined =>
    cells.find((cell) => cell.defense === defense && cell.attack === attack);
  const table = (layout: (cell: MatrixCell | undefined) => string): readonly string[] =>
    renderTable(
      {
        columns: [
          { title: 'defense', align: 'left' },
          ...attacks.map((attack) => ({ title: attackTitle(attack), align: 'right' as const })),
        ],
        rows: defenses.map((defense) => [
          cleanText(defenseName(defense)),
          ...attacks.map((attack) => layout(cellAt(defense, attack))),
        ]),
      },
      view,
    );
  const wide = attacks.length * 20 + 24 <= view.columns;
  return [
    ...wrapText(sliceTitle(slice), view.columns).map((line) => view.paint('strong', line)),
    ...table(wide ? cellText : stackedCellText),
    ...(cells.some((cell) => cell.adaptive)
      ? wrapText('* the defense must face this attack before it can pass', view.columns).map((line) =>
          view.paint('quiet', line),
        )
      : []),
    ...cells.filter((cell) => cell.stolenGain === null).flatMap((cell) => explainCell(cell, view)),
  ];
}

/** `0.82 [0.78, 0.86]`, or a state word. */
export function cellText(cell: MatrixCell | undefined): string {
  if (cell === undefined) return 'not planned';
  return adaptiveMark(cell) + plainCellText(cell);
}

function plainCellText(cell: MatrixCell): string {
  if (cell.stolenGain === null) return stateWords[cell.state];
  if (formatInterval(cell.stolenGain) === null && cell.seedsDone < cell.seedsPlanned)
    return `${formatFraction(cell.stolenGain.value)} (${cell.seedsDone}/${cell.seedsPlanned} seeds, no interval)`;
  return formatEstimate(cell.stolenGain) + missingSeeds(cell);
}

/** The same on two lines, for narrow tables. */
function stackedCellText(cell: MatrixCell | undefined): string {
  if (cell === undefined || cell.stolenGain === null) return cellText(cell);
  const interval = formatInterval(cell.stolenGain);
  const { seedsDone, seedsPlanned } = cell;
  if (interval === null)
    return `${adaptiveMark(cell)}${formatFraction(cell.stolenGain.value)}\n${seedsDone}/${seedsPlanned} seeds`;
  return `${adaptiveMark(cell)}${formatFraction(cell.stolenGain.value)}\n${interval}${missingSeeds(cell)}`;
}

/** An attack made for this defense, without which no pass is given. */
function adaptiveMark(cell: MatrixCell): string {
  return cell.adaptive ? '*' : '';
}

function missingSeeds(cell: MatrixCell): string {
  return cell.seedsDone < cell.seedsPlanned ? ` (${cell.seedsDone}/${cell.seedsPlanned} seeds)` : '';
}

/** A long label breaks before its settings so that columns stay narrow. */
function attackTitle(label: string): string {
  const clean = cleanText(label);
  return textWidth(clean) <= 18 ? clean : clean.replaceAll(':', '\n:');
}

function sliceTitle(slice: MatrixSlice): string {
  return `Stolen gain on ${cleanText(slice.task)} with ${formatCount(slice.budget)} queries, ${plural(slice.accounts, 'account')} (0 = no victim, 1 = the victim itself)`;
}

function explainCell(cell: MatrixCell, view: View): readonly string[] {
  const reason = cell.reason ?? cell.errorCode;
  if (reason === null) return [];
  const word = view.paint(cell.state === 'failed' ? 'bad' : 'quiet', stateWords[cell.state]);
  const where = `${cleanText(cell.attack)} against ${cleanText(defenseName(cell.defense))}`;
  return hangingText(`  ${word}  `, `${where}: ${cleanText(reason)}`, view.columns);
}

/** The budget defenses are judged at: the policy's, else the largest run below it, else the smallest. */
function judgedBudget(budgets: readonly number[], wanted: number): number {
  const within = budgets.filter((budget) => budget <= wanted);
  return within.length > 0 ? Math.max(...within) : Math.min(...budgets);
}
