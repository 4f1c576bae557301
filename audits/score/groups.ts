import type { AuditConfig } from '../contract/audit.ts';
import type { CellKey, CellState, CellWork, Measurement } from '../contract/cell.ts';
import type { MethodSpec } from '../contract/method.ts';
import { defaultQueryPolicy } from '../query-policies/registry.ts';
import type { CellRow } from '../store/types.ts';
import { spellSurrogate } from '../surrogates/training-settings.ts';
import { FEWEST_SEEDS, type SeedReading } from './intervals.ts';
import type { MethodFacts } from './method-facts.ts';

/** Cells that differ only in their seed, in seed order: the unit of judgement. */
export interface CellGroup {
  readonly defense: string;
  readonly chain: readonly MethodSpec[];
  readonly cells: readonly CellRow[];
  readonly done: readonly CellRow[];
  readonly state: CellState;
}

export interface AttackGroup extends CellGroup {
  readonly attack: string;
  readonly attackId: string;
  readonly spec: MethodSpec;
  /** Spelling of the network the thief trains. */
  readonly surrogate: string;
  readonly queryPolicy: string;
  readonly budget: number;
  readonly accounts: number;
  readonly control: boolean;
  readonly usesBackbone: boolean;
  /** Against a defense: an attack which that defense must face. */
  readonly adaptive: boolean;
}

export interface Groups {
  readonly victim: readonly CellRow[];
  /** Ownership tests of encoders known to be independent of the victim. */
  readonly independent: readonly CellRow[];
  readonly attacks: readonly AttackGroup[];
  readonly controls: readonly AttackGroup[];
  readonly honest: readonly CellGroup[];
  readonly detection: readonly CellGroup[];
  /** Defense labels in planned order, `none` first when there. */
  readonly defenses: readonly { readonly label: string; readonly chain: readonly MethodSpec[] }[];
}

export const noDefense = 'none';

type AttackWork = Extract<CellWork, { kind: 'attack' }>;

/**
 * Sorts the cells of an audit into groups; the order in which cells arrive does not matter to any of them.
 * @param first the audit's first surrogate, whose size, epochs and batch others are spelled beside
 */
export function groupCells(
  cells: readonly CellRow[],
  facts: MethodFacts,
  first: AuditConfig['surrogate'],
): Groups {
  const attackCells = new Map<string, { work: AttackWork; cells: CellRow[] }>();
  const honestCells = new Map<string, { chain: readonly MethodSpec[]; cells: CellRow[] }>();
  const detectionCells = new Map<string, { chain: readonly MethodSpec[]; cells: CellRow[] }>();
  const defenses = new Map<string, readonly MethodSpec[]>();
  const victim: CellRow[] = [];
  const independent: CellRow[] = [];
  for (const cell of cells) {
    const { work } = cell;
    if (work.kind === 'victim') {
      victim.push(cell);
      continue;
    }
    if (work.kind === 'independent') {
      independent.push(cell);
      continue;
    }
    const label = defenseLabel(cell);
    if (work.kind === 'honest' || work.kind === 'detection') {
      const members = work.kind === 'honest' ? honestCells : detectionCells;
      const group = members.get(label) ?? { chain: work.defense, cells: [] };
      group.cells.push(cell);
      members.set(label, group);
      // Measured for people to read; no verdict rests on it.
      if (work.kind === 'detection') continue;
    } else {
      const key = JSON.stringify([attackLabel(cell), label, work.budget, work.accounts]);
      const group = attackCells.get(key) ?? { work, cells: [] };
      group.cells.push(cell);
      attackCells.set(key, group);
      if (facts.isControl(work.attack)) continue;
    }
    defenses.set(label, work.defense);
  }
  const groups = [...attackCells.values()].map(({ work, cells: members }): AttackGroup => {
    const defense = members[0] === undefined ? noDefense : defenseLabel(members[0]);
    return {
      ...cellGroup(defense, work.defense, members),
      attack: members[0] === undefined ? work.attack.id : attackLabel(members[0]),
      attackId: work.attack.id,
      spec: work.attack,
      surrogate: spellSurrogate(work.surrogate, first),
      queryPolicy: work.queryPolicy?.id ?? defaultQueryPolicy.meta.id,
      budget: work.budget,
      accounts: work.accounts,
      control: facts.isControl(work.attack),
      usesBackbone: facts.usesBackbone(work.attack, work.surrogate),
      adaptive: work.defense.length > 0 && facts.mustFace(work.defense).includes(work.attack.id),
    };
  });
  return {
    victim: victim.toSorted(bySeed),
    independent: independent.toSorted(bySeed),
    attacks: groups.filter((group) => !group.control).toSorted(byName),
    controls: groups.filter((group) => group.control).toSorted(byName),
    honest: [...honestCells].map(([label, group]) => cellGroup(label, group.chain, group.cells)),
    detection: [...detectionCells]
      .map(([label, group]) => cellGroup(label, group.chain, group.cells))
      .toSorted((a, b) => compare(a.defense, b.defense)),
    defenses: [...defenses]
      .map(([label, chain]) => ({ label, chain }))
      .toSorted((a, b) => a.chain.length - b.chain.length || compare(a.label, b.label)),
  };
}

/** Readings of one metric on one task, one per finished seed. */
export function readingsOf(
  cells: readonly CellRow[],
  measurements: ReadonlyMap<CellKey, readonly Measurement[]>,
  metric: string,
  task: string | null,
): readonly SeedReading[] {
  return cells.flatMap(({ key }) => {
    const found = measurements.get(key)?.find((entry) => entry.metric === metric && entry.task === task);
    return found === undefined || !Number.isFinite(found.value)
      ? []
      : [{ value: found.value, items: found.items }];
  });
}

export function attackLabel(cell: CellRow): string {
  return cell.attackLabel ?? (cell.work.kind === 'attack' ? cell.work.attack.id : cell.work.kind);
}

export function defenseLabel(cell: CellRow): string {
  if (cell.defenseLabel !== null) return cell.defenseLabel;
  const { work } = cell;
  if (work.kind === 'victim' || work.kind === 'independent' || work.defense.length === 0) return noDefense;
  return work.defense.map(({ id }) => id).join('+');
}

function cellGroup(defense: string, chain: readonly MethodSpec[], cells: readonly CellRow[]): CellGroup {
  const ordered = cells.toSorted(bySeed);
  return {
    defense,
    chain,
    cells: ordered,
    done: ordered.filter(({ state }) => state === 'done'),
    state: groupState(ordered),
  };
}

/**
 * The worst state of any member: a group is done when all its seeds are, or when a time limit left out some and enough are
 * there for an interval, which is then as wide as these make it.
 */
function groupState(cells: readonly CellRow[]): CellState {
  const done = cells.filter(({ state }) => state === 'done').length;
  const leftOut = cells.filter(({ state }) => state === 'not-run').length;
  if (done >= FEWEST_SEEDS && done + leftOut === cells.length) return 'done';
  const severity: readonly CellState[] = [
    'failed',
    'not-run',
    'running',
    'pending',
    'not-applicable',
    'done',
  ];
  return severity.find((state) => cells.some((cell) => cell.state === state)) ?? 'not-run';
}

function bySeed(a: CellRow, b: CellRow): number {
  return a.work.seed - b.work.seed || compare(a.key, b.key);
}

function byName(a: AttackGroup, b: AttackGroup): number {
  return (
    a.chain.length - b.chain.length ||
    compare(a.defense, b.defense) ||
    compare(a.attack, b.attack) ||
    a.budget - b.budget ||
    a.accounts - b.accounts
  );
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
