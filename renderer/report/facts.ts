import { defenseName } from '../../audits/contract/defense-name.ts';
import type {
  AuditResult,
  DefenseVerdict,
  Flag,
  MatrixCell,
  QueryCurve,
} from '../../audits/contract/result.ts';
import type { ReportInput } from '../../audits/contract/report.ts';

/** What the chapters look up again and again, worked out once from the result. */
export interface ReportFacts {
  readonly input: ReportInput;
  readonly result: AuditResult;
  /** In the order of every table: no defense first, then the least loss of honest users. */
  readonly defenses: readonly DefenseEntry[];
  readonly slices: readonly MatrixSlice[];
  readonly flags: readonly NumberedFlag[];
  readonly undefended: DefenseVerdict | undefined;
  readonly recommended: DefenseVerdict | undefined;
  /** Those that have a row of their own in the appendix, in the result's order. */
  readonly listedCells: readonly MatrixCell[];
  /** Of its row; the appendix itself for one that has none. */
  cellAnchor(cell: MatrixCell): string;
  /** The cell behind a key of a finding. */
  cellOf(key: string): MatrixCell | undefined;
  defenseOf(label: string): DefenseEntry | undefined;
  /** Flags that weaken this number in particular; those on the whole audit are said once. */
  flagsOn(scope: NumberScope): readonly NumberedFlag[];
  curveOf(defense: string): QueryCurve | undefined;
}

export interface DefenseEntry {
  readonly label: string;
  /** For people: `no defense`, else the label. */
  readonly name: string;
  /** `D0` is no defense. */
  readonly tag: string;
  readonly anchor: string;
  readonly verdict: DefenseVerdict | undefined;
}

/** All defenses against all attacks at the judged budget, for one task and number of accounts. */
export interface MatrixSlice {
  readonly budget: number;
  readonly accounts: number;
  readonly task: string;
  readonly cells: readonly MatrixCell[];
}

export interface NumberedFlag extends Flag {
  readonly tag: string;
  readonly anchor: string;
}

export interface NumberScope {
  readonly task?: string;
  readonly defense?: string;
  readonly cellKeys?: readonly string[];
}

/** Rows that a person leafs through. */
export const MOST_PAPER_CELLS = 500;

/**
 * On a screen every cell. On paper those that have a number or failed; of too many those that defenses are judged by, and the
 * strongest of these: what did not run has its count and its reasons in chapter 10.
 */
function listedCells({ result, judgedBudget, isPaper = false }: ReportInput): readonly MatrixCell[] {
  if (!isPaper) return result.matrix;
  const telling = result.matrix.filter(({ state, stolenGain }) => stolenGain !== null || state === 'failed');
  if (telling.length <= MOST_PAPER_CELLS) return telling;
  const evidence = new Set(result.findings.flatMap(({ cellKeys }) => cellKeys));
  const rank = (cell: MatrixCell): number =>
    (cell.cellKeys.some((key) => evidence.has(key)) ? 4 : 0) +
    (cell.budget === judgedBudget ? 2 : 0) +
    (cell.stolenGain === null ? 1 : Math.min(1, Math.max(0, cell.stolenGain.value)));
  const chosen = new Set(
    telling
      .map((cell) => ({ cell, rank: rank(cell) }))
      .toSorted((a, b) => b.rank - a.rank)
      .slice(0, MOST_PAPER_CELLS)
      .map(({ cell }) => cell),
  );
  return telling.filter((cell) => chosen.has(cell));
}

export function reportFacts(input: ReportInput): ReportFacts {
  const { result } = input;
  const listed = listedCells(input);
  const anchors = new Map(listed.map((cell, i) => [cell, `cell-${i + 1}`]));
  const cellsByKey = new Map(
    result.matrix.flatMap((cell) => cell.cellKeys.map((key) => [key, cell] as const)).toReversed(),
  );
  const defenses = orderedDefenses(result);
  const byLabel = new Map(defenses.map((entry) => [entry.label, entry]));
  const flags = result.flags.map((flag, i) => ({ ...flag, tag: `F${i + 1}`, anchor: `flag-${i + 1}` }));
  const flagsByScope = Map.groupBy(flags, ({ scope }) => scope);
  const curves = new Map(
    result.curves.filter(({ attack }) => attack === null).map((curve) => [curve.defense, curve]),
  );
  const verdictOf = (label: string | null): DefenseVerdict | undefined =>
    result.verdicts.find(({ defense }) => defense === label);
  return {
    input,
    result,
    defenses,
    slices: matrixSlices(result, input.judgedBudget),
    flags,
    listedCells: listed,
    undefended: verdictOf('none'),
    recommended: verdictOf(result.recommendation.defense),
    cellAnchor: (cell) => anchors.get(cell) ?? 'cells',
    cellOf: (key) => cellsByKey.get(key),
    defenseOf: (label) => byLabel.get(label),
    flagsOn: ({ task, defense, cellKeys = [] }) => {
      const scopes = [
        ...(task === undefined ? [] : [`task:${task}`]),
        ...(defense === undefined ? [] : [`defense:${defense}`]),
        ...cellKeys.map((key) => `cell:${key}`),
      ];
      return [...new Set(scopes)].flatMap((scope) => flagsByScope.get(scope) ?? []);
    },
    curveOf: (defense) => curves.get(defense),
  };
}

function orderedDefenses(result: AuditResult): readonly DefenseEntry[] {
  const labels = [
    ...new Set([
      ...result.verdicts.map(({ defense }) => defense),
      ...result.matrix.map(({ defense }) => defense),
    ]),
  ];
  const verdicts = new Map(result.verdicts.map((verdict) => [verdict.defense, verdict]));
  const rank = (label: string): number =>
    label === 'none' ? -Infinity : (verdicts.get(label)?.worstHonestLoss?.value ?? Infinity);
  return labels
    .toSorted((a, b) => {
      const difference = rank(a) - rank(b);
      return Number.isNaN(difference) || difference === 0 ? (a < b ? -1 : 1) : difference;
    })
    .map((label, i) => ({
      label,
      name: defenseName(label),
      tag: `D${labels.includes('none') ? i : i + 1}`,
      anchor: `defense-${i}`,
      verdict: verdicts.get(label),
    }));
}

function matrixSlices(result: AuditResult, budget: number): readonly MatrixSlice[] {
  const judged = result.matrix.filter((cell) => cell.budget === budget);
  const groups = Map.groupBy(judged, ({ accounts, task }) => JSON.stringify([accounts, task]));
  return [...groups.values()]
    .flatMap((cells) => {
      const [first] = cells;
      return first === undefined ? [] : [{ budget, accounts: first.accounts, task: first.task, cells }];
    })
    .toSorted((a, b) => a.accounts - b.accounts || (a.task < b.task ? -1 : a.task > b.task ? 1 : 0));
}
