import type { AuditConfig } from '../contract/audit.ts';
import type { Cell, CellKey } from '../contract/cell.ts';
import { findAttack } from '../attacks/registry.ts';
import { chainMustFace } from '../defenses/chain.ts';
import { FEWEST_SEEDS } from '../score/intervals.ts';

/** What a plan needs to know of a cell to weigh it. */
export type WeighedCell = Pick<Cell, 'key' | 'work' | 'estimatedMs'>;
type OrderedCell = WeighedCell & Pick<Cell, 'attackLabel' | 'defenseLabel'>;

/**
 * Order in which cells are worth running when time is short:
 * 1. the victim and the first surrogate's controls that train nothing: no number has a meaning without them;
 * 2. at the judged budget: undefended attacks, then the attacks that each defense must face and honest users, and the other
 *    controls;
 * 3. at the judged budget: every other attack;
 * 4. the other budgets and what detectors see, on which no verdict rests, in the same order.
 * Within a step the first three seeds of a group come together, since fewer give no interval and so no verdict, then seed
 * after seed, by information per estimated second. A group's information is what its seeds take off the variance of a
 * verdict's number: the mean of n seeds has 1/n of the variance of one, so the beginning brings 1 and seed n + 1 brings
 * 1 / (n (n + 1)). Groups of one step and seed bring the same, so cheaper ones come first.
 */
export function byInformation<Planned extends OrderedCell>(
  cells: readonly Planned[],
  config: AuditConfig,
): readonly Planned[] {
  const judged = judgedBudget(config);
  const groups = new Map<string, number>();
  const rank = (cell: Planned): readonly number[] => {
    const { work } = cell;
    const group = groupOf(cell);
    if (!groups.has(group)) groups.set(group, groups.size);
    if (work.kind === 'victim' || work.kind === 'independent' || isCheapControl(cell, config))
      return [0, 0, 0, 0, work.seed, 0, 0, 0];
    const isJudged =
      work.kind === 'honest' || isControl(cell) || (work.kind === 'attack' && work.budget === judged);
    const isUndefended = work.kind === 'attack' && work.defense.length === 0 && !isControl(cell);
    const step = work.seed < FEWEST_SEEDS ? 0 : work.seed;
    const perSecond = informationOf(step) / Math.max(1, cell.estimatedMs);
    return [
      1,
      Number(!isJudged),
      Number(!isMandatory(cell)),
      step,
      Number(!isUndefended),
      -perSecond,
      groups.get(group) ?? 0,
      work.seed,
    ];
  };
  return cells
    .map((cell) => ({ cell, rank: rank(cell) }))
    .toSorted((a, b) => compareRanks(a.rank, b.rank))
    .map(({ cell }) => cell);
}

/** Cells that differ in their seed only. */
function groupOf({ work, attackLabel, defenseLabel }: OrderedCell): string {
  const at = work.kind === 'attack' ? [work.budget, work.accounts] : [];
  return JSON.stringify([work.kind, attackLabel, defenseLabel, ...at]);
}

/** What the seed numbered `seed` (from 0) takes off the variance of a mean over seeds, in units of one seed's variance. */
export function informationOf(seed: number): number {
  return seed === 0 ? 1 : 1 / (seed * (seed + 1));
}

/**
 * The cells that fit a time limit by their estimates, in the order given; a cell that does not fit leaves its place to
 * later ones that do.
 * @param limit.busyMs how long each worker still has to do with what it began; default: all are free
 * @returns keys of the cells that are left out
 */
export function leftOut(
  cells: readonly Pick<WeighedCell, 'key' | 'estimatedMs'>[],
  limit: { readonly timeLimitMs: number; readonly workers: number; readonly busyMs?: readonly number[] },
): ReadonlySet<CellKey> {
  const dropped = new Set<CellKey>();
  // Each worker takes the next cell when it is free.
  const busyMs = Array.from({ length: limit.workers }, (_, worker) => limit.busyMs?.[worker] ?? 0);
  for (const { key, estimatedMs } of cells) {
    const free = busyMs.indexOf(Math.min(...busyMs));
    const end = (busyMs[free] ?? 0) + estimatedMs;
    if (end > limit.timeLimitMs) dropped.add(key);
    else busyMs[free] = end;
  }
  return dropped;
}

/** Starting the judging process, reading the result back, writing the reports. */
const JUDGING_START_MS = 3000;
/** Reading one cell's measurements and resampling them. */
export const JUDGING_MS_PER_CELL = 15;

/** Milliseconds of the limit that are kept for judging so many cells. */
export function judgingMs(cells: number): number {
  return JUDGING_START_MS + cells * JUDGING_MS_PER_CELL;
}

const SECOND = [1000, 'second'] as const;
const LIMIT_UNITS = [[3_600_000, 'hour'], [60_000, 'minute'], SECOND] as const;

/** One sentence for the result and the screen. */
export function notRunReason(timeLimitMs: number): string {
  const [unitMs, unit] = LIMIT_UNITS.find(([ms]) => timeLimitMs % ms === 0) ?? SECOND;
  const count = Math.round(timeLimitMs / unitMs);
  return `There was no time left for it within the limit of ${count} ${unit}${count === 1 ? '' : 's'}.`;
}

/** A control of the first surrogate that only draws or reads weights; own SSL trains for as long as an attack. */
function isCheapControl(cell: WeighedCell, config: AuditConfig): boolean {
  const { work } = cell;
  if (work.kind !== 'attack' || !isControl(cell)) return false;
  const { attack, surrogate } = work;
  // Another network's control waits for the attack by that network.
  if (surrogate.architecture !== config.surrogate.architecture) return false;
  const facts = { budget: 0, accounts: 1, poolImages: 1, surrogate };
  return (findAttack(attack.id)?.trainedImages?.(attack.config, facts) ?? 0) === 0;
}

function isControl({ work }: WeighedCell): boolean {
  return work.kind === 'attack' && findAttack(work.attack.id)?.meta.control === true;
}

/** What a verdict may not lack: attacks on the bare service, those the defense must face, what honest users lose. */
function isMandatory({ work }: WeighedCell): boolean {
  if (work.kind !== 'attack') return true;
  return work.defense.length === 0 || chainMustFace(work.defense).includes(work.attack.id);
}

/** The budget at which defenses are judged, as in `score/evidence.ts`. */
function judgedBudget({ budgets, policy }: AuditConfig): number {
  const within = budgets.filter((budget) => budget <= policy.budget);
  return within.length > 0 ? Math.max(...within) : Math.min(...budgets);
}

function compareRanks(a: readonly number[], b: readonly number[]): number {
  for (const [at, value] of a.entries()) {
    const difference = value - (b[at] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}
