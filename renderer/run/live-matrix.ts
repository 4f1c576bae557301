import type { CellEntry } from '../../audits/contract/bridge.ts';
import type { CellKey } from '../../audits/contract/cell.ts';
import { defenseName, UNDEFENDED } from '../../audits/contract/defense-name.ts';

/** What the live matrix is laid out by: rows, columns, and which cells lie where. Made once for a set of cells. */

export type MatrixRow =
  | { readonly kind: 'group'; readonly id: string; readonly title: string }
  | { readonly kind: 'defense'; readonly id: string; readonly defense: string; readonly name: string };

export interface MatrixColumn {
  readonly id: string;
  readonly kind: 'attack' | 'honest' | 'detection';
  readonly title: string;
}

export interface MatrixShape {
  readonly rows: readonly MatrixRow[];
  readonly columns: readonly MatrixColumn[];
  /** Budgets of the attacks, ascending. */
  readonly budgets: readonly number[];
  /** Keys of what stands in no row: the encoder itself, independent encoders. */
  readonly beside: readonly CellKey[];
  /** Place of a cell; undefined for what stands beside. */
  placeOf(key: CellKey): string | undefined;
  keysAt(place: string): readonly CellKey[];
}

/** What the catalogue of methods says of a defense's configuration. */
export interface DefenseFacts {
  readonly group: string;
  readonly mustFace: ReadonlySet<string>;
}

/** One place of the matrix: every budget, number of accounts and seed of an attack on a defense. */
export interface FoldedCell {
  /** What is shown while there is no number, and what is marked beside one. */
  readonly state: 'pending' | 'running' | 'done' | 'failed' | 'not-applicable' | 'not-run';
  /** Of all cells of the place; shown while one of them runs. */
  readonly percent: number;
  /** Mean over seeds at the largest budget that has a number; the worst over numbers of accounts. */
  readonly gain: number | null;
  readonly gainBudget: number | null;
  readonly done: number;
  readonly failed: number;
  readonly running: number;
  /** All but what is not applicable. */
  readonly total: number;
}

export function placeId(defense: string, column: string): string {
  return `${defense}\n${column}`;
}

export function columnOf(cell: Pick<CellEntry, 'kind' | 'attack'>): string | undefined {
  switch (cell.kind) {
    case 'attack':
      return `attack ${cell.attack ?? ''}`;
    case 'honest':
    case 'detection':
      return cell.kind;
    case 'victim':
    case 'independent':
      return undefined;
  }
}

const fixedColumns: readonly MatrixColumn[] = [
  { id: 'honest', kind: 'honest', title: 'honest users' },
  { id: 'detection', kind: 'detection', title: 'alarms' },
];

/** @param factsOf of a defense by its label; undefined for one that no catalogue knows */
export function shapeMatrix(
  cells: Iterable<CellEntry>,
  factsOf: (defense: string) => DefenseFacts | undefined,
): MatrixShape {
  const defenses: string[] = [];
  const attacks = new Map<string, MatrixColumn>();
  const kinds = new Set<string>();
  const budgets = new Set<number>();
  const places = new Map<string, CellKey[]>();
  const placeOf = new Map<CellKey, string>();
  const beside: CellKey[] = [];
  const known = new Set<string>();
  for (const cell of cells) {
    const column = columnOf(cell);
    if (column === undefined) {
      beside.push(cell.key);
      continue;
    }
    const defense = cell.defense ?? UNDEFENDED;
    if (!known.has(defense)) {
      known.add(defense);
      defenses.push(defense);
    }
    if (cell.kind !== 'attack') kinds.add(cell.kind);
    else if (!attacks.has(column))
      attacks.set(column, { id: column, kind: 'attack', title: cell.attack ?? '' });
    if (cell.budget !== null && cell.budget > 0) budgets.add(cell.budget);
    const place = placeId(defense, column);
    const keys = places.get(place);
    if (keys === undefined) places.set(place, [cell.key]);
    else keys.push(cell.key);
    placeOf.set(cell.key, place);
  }
  return {
    rows: groupedRows(defenses, factsOf),
    columns: [...fixedColumns.filter(({ kind }) => kinds.has(kind)), ...attacks.values()],
    budgets: [...budgets].toSorted((a, b) => a - b),
    beside,
    placeOf: (key) => placeOf.get(key),
    keysAt: (place) => places.get(place) ?? [],
  };
}

/** No defense first, then families in the order in which the plan has them; a title only where there are two and more. */
function groupedRows(
  defenses: readonly string[],
  factsOf: (defense: string) => DefenseFacts | undefined,
): readonly MatrixRow[] {
  const undefended = defenses.filter((defense) => defense === UNDEFENDED);
  const groups = Map.groupBy(
    defenses.filter((defense) => defense !== UNDEFENDED),
    (defense) => factsOf(defense)?.group ?? 'other',
  );
  const rowOf = (defense: string): MatrixRow => ({
    kind: 'defense',
    id: `defense ${defense}`,
    defense,
    name: defenseName(defense),
  });
  return [
    ...undefended.map(rowOf),
    ...[...groups].flatMap(([title, members]): readonly MatrixRow[] => [
      ...(groups.size > 1 ? [{ kind: 'group' as const, id: `group ${title}`, title }] : []),
      ...members.map(rowOf),
    ]),
  ];
}

export type DefenseRow = Extract<MatrixRow, { readonly kind: 'defense' }>;

/** What stands at a place; null where the matrix has none such (it was laid out anew). */
export function positionOf(
  { rows, columns }: Pick<MatrixShape, 'rows' | 'columns'>,
  place: string,
): { readonly row: DefenseRow; readonly column: MatrixColumn } | null {
  for (const row of rows)
    if (row.kind === 'defense')
      for (const column of columns) if (placeId(row.defense, column.id) === place) return { row, column };
  return null;
}

/** Ids of the methods in a label: `truncation:dims=64+gaussian-noise` has two. */
export function methodIds(label: string): readonly string[] {
  return label.split('+').map((part) => part.split(/[:\s[]/)[0] ?? '');
}

/** Cells of one place as one. @param budget null: all of them; what asks nothing belongs to every budget */
export function foldCells(entries: readonly CellEntry[], budget: number | null): FoldedCell {
  const looked =
    budget === null
      ? entries
      : entries.filter((entry) => entry.budget === budget || (entry.budget ?? 0) === 0);
  const count = (state: CellEntry['state']): number => looked.filter((entry) => entry.state === state).length;
  const total = looked.length - count('not-applicable');
  const [done, failed, running] = [count('done'), count('failed'), count('running')];
  const inProgress = looked.reduce((sum, entry) => sum + (entry.state === 'running' ? entry.fraction : 0), 0);
  const points = gainPoints(looked);
  const last = points.at(-1);
  return {
    state:
      running > 0
        ? 'running'
        : failed > 0
          ? 'failed'
          : count('pending') > 0
            ? 'pending'
            : count('not-run') > 0
              ? 'not-run'
              : done > 0
                ? 'done'
                : 'not-applicable',
    percent: total === 0 ? 0 : Math.floor(((done + failed + inProgress) / total) * 100),
    gain: last?.gain ?? null,
    gainBudget: last?.budget ?? null,
    done,
    failed,
    running,
    total,
  };
}

export interface GainAtBudget {
  readonly budget: number;
  readonly gain: number;
  readonly seeds: number;
}

/** The query curve so far: mean over seeds, worst over numbers of accounts, ascending budgets. */
export function gainPoints(entries: readonly CellEntry[]): readonly GainAtBudget[] {
  const measured = entries.filter((entry) => entry.stolenGain !== null && entry.budget !== null);
  const byBudget = Map.groupBy(measured, ({ budget }) => budget ?? 0);
  return [...byBudget]
    .map(([budget, atBudget]) => {
      const means = [...Map.groupBy(atBudget, ({ accounts }) => accounts).values()].map((group) => ({
        gain: group.reduce((sum, { stolenGain }) => sum + (stolenGain ?? 0), 0) / group.length,
        seeds: group.length,
      }));
      const worst = means.reduce((best, mean) => (mean.gain > best.gain ? mean : best));
      return { budget, ...worst };
    })
    .toSorted((a, b) => a.budget - b.budget);
}

export function sameFold(a: FoldedCell | undefined, b: FoldedCell): boolean {
  return (
    a !== undefined &&
    a.state === b.state &&
    a.percent === b.percent &&
    a.gain === b.gain &&
    a.gainBudget === b.gainBudget &&
    a.done === b.done &&
    a.failed === b.failed &&
    a.running === b.running &&
    a.total === b.total
  );
}
