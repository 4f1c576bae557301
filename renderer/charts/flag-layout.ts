import type { Flag, MatrixCell } from '../../audits/contract/result.ts';

/** Which flags weaken the numbers of which attacks and defenses: counts of comparisons, the most weakened first. */

export interface FlagCounts {
  readonly rows: readonly FlagCountRow[];
  readonly attacks: readonly FlagCountColumn[];
  readonly defenses: readonly FlagCountColumn[];
  /** Flag ids beyond those of the rows. */
  readonly leftOut: number;
}

export interface FlagCountRow {
  readonly id: string;
  readonly severity: Flag['severity'];
  /** Comparisons that it weakens; all of them for a flag on the whole audit. */
  readonly total: number;
  /** In the order of the columns. */
  readonly attacks: readonly number[];
  readonly defenses: readonly number[];
}

export interface FlagCountColumn {
  /** Null: all further ones together. */
  readonly name: string | null;
  /** Comparisons there are. */
  readonly total: number;
}

const MOST_ROWS = 14;
const MOST_COLUMNS = 10;
const severities: readonly Flag['severity'][] = ['invalidates', 'weakens', 'note'];

export function countFlags(flags: readonly Flag[], matrix: readonly MatrixCell[]): FlagCounts {
  const numbered = matrix.filter(({ state }) => state !== 'not-applicable');
  const touched = touchedBy(flags, numbered);
  const ids = [...touched.keys()];
  const severityOf = (id: string): number =>
    Math.min(...flags.filter((flag) => flag.id === id).map(({ severity }) => severities.indexOf(severity)));
  const ranked = ids
    .map((id) => ({ id, rank: severityOf(id), cells: touched.get(id) ?? new Set<MatrixCell>() }))
    .toSorted((a, b) => a.rank - b.rank || b.cells.size - a.cells.size || (a.id < b.id ? -1 : 1));
  const shown = ranked.slice(0, MOST_ROWS);
  const weakened = new Set(shown.flatMap(({ cells }) => [...cells]));
  const attacks = columnsOf(numbered, weakened, ({ attack }) => attack);
  const defenses = columnsOf(numbered, weakened, ({ defense }) => defense);
  return {
    rows: shown.map(({ id, rank, cells }) => ({
      id,
      severity: severities[rank] ?? 'note',
      total: cells.size,
      attacks: countIn(cells, attacks, ({ attack }) => attack),
      defenses: countIn(cells, defenses, ({ defense }) => defense),
    })),
    attacks,
    defenses,
    leftOut: ranked.length - shown.length,
  };
}

/** Comparisons by the flags that weaken them; flags that weaken none have no entry. */
function touchedBy(
  flags: readonly Flag[],
  matrix: readonly MatrixCell[],
): ReadonlyMap<string, ReadonlySet<MatrixCell>> {
  const byKey = new Map<string, MatrixCell[]>();
  for (const cell of matrix)
    for (const key of cell.cellKeys) {
      const own = byKey.get(key);
      if (own === undefined) byKey.set(key, [cell]);
      else own.push(cell);
    }
  const byTask = Map.groupBy(matrix, ({ task }) => task);
  const byDefense = Map.groupBy(matrix, ({ defense }) => defense);
  const within = (scope: string): readonly MatrixCell[] => {
    if (scope === 'audit' || scope === 'victim') return matrix;
    const name = scope.slice(scope.indexOf(':') + 1);
    if (scope.startsWith('task:')) return byTask.get(name) ?? [];
    if (scope.startsWith('defense:')) return byDefense.get(name) ?? [];
    return byKey.get(name) ?? [];
  };
  const touched = new Map<string, Set<MatrixCell>>();
  for (const { id, scope } of flags) {
    const own = touched.get(id) ?? new Set<MatrixCell>();
    for (const cell of within(scope)) own.add(cell);
    if (own.size > 0) touched.set(id, own);
  }
  return touched;
}

function columnsOf(
  matrix: readonly MatrixCell[],
  weakened: ReadonlySet<MatrixCell>,
  nameOf: (cell: MatrixCell) => string,
): readonly FlagCountColumn[] {
  const groups = [...Map.groupBy(matrix, nameOf)].map(([name, cells]) => ({
    name,
    total: cells.length,
    weakened: cells.filter((cell) => weakened.has(cell)).length,
  }));
  if (groups.length <= MOST_COLUMNS) return groups.map(({ name, total }) => ({ name, total }));
  // The most weakened are named, in the order of the matrix; the others stand together.
  const named = new Set(
    groups
      .toSorted((a, b) => b.weakened - a.weakened)
      .slice(0, MOST_COLUMNS - 1)
      .map(({ name }) => name),
  );
  const others = groups.filter(({ name }) => !named.has(name));
  return [
    ...groups.filter(({ name }) => named.has(name)).map(({ name, total }) => ({ name, total })),
    { name: null, total: others.reduce((sum, { total }) => sum + total, 0) },
  ];
}

function countIn(
  cells: ReadonlySet<MatrixCell>,
  columns: readonly FlagCountColumn[],
  nameOf: (cell: MatrixCell) => string,
): readonly number[] {
  const counts = Map.groupBy(cells, nameOf);
  const names = new Set(columns.map(({ name }) => name));
  return columns.map(({ name }) =>
    name !== null
      ? (counts.get(name)?.length ?? 0)
      : [...counts].reduce((sum, [own, group]) => (names.has(own) ? sum : sum + group.length), 0),
  );
}
