import type { Measurement } from '../contract/cell.ts';
import { createRng } from '../rng.ts';
import { bounds, createReplicator, type Replicator, type SeedReading } from '../score/intervals.ts';
import type { CellRow } from '../store/types.ts';
import { judgeOrdering, type Compared, type ComparedValues, type OrderingFinding } from './ordering.ts';
import {
  place,
  type OwnershipFigure,
  type PaperTable,
  type PaperValue,
  type Place,
  type Source,
} from './table.ts';

/** What the steps of a table left behind, as values with intervals beside the paper's. */

/** One step's output, as far as values are read from it. */
export type StepResult =
  | {
      readonly kind: 'audit';
      readonly cells: readonly CellRow[];
      readonly measurements: ReadonlyMap<string, readonly Measurement[]>;
    }
  | { readonly kind: 'own'; readonly figures: Readonly<Record<OwnershipFigure, Figure | null>> };

/** A number without seeds; its standard error where it is a mean over images. */
export interface Figure {
  readonly value: number;
  readonly standardError: number | null;
}

export interface TableValue extends PaperValue {
  readonly ours: OurValue | null;
  /** Why there is none of ours. */
  readonly notRun: string | null;
}

export interface OurValue {
  readonly value: number;
  /** 95 %; null where none can be given. */
  readonly low: number | null;
  readonly high: number | null;
  readonly seeds: number;
  /** Between batches, mean over seeds, where the paper prints one. */
  readonly deviation: number | null;
}

export interface TableReading {
  readonly values: readonly TableValue[];
  readonly orderings: readonly OrderingFinding[];
}

type Measured =
  | {
      readonly kind: 'seeds';
      readonly readings: ReadonlyMap<number, SeedReading>;
      readonly task: string | null;
      /** The victim: measured once, its images alone vary. */
      readonly isFixed: boolean;
    }
  | ({ readonly kind: 'figure' } & Figure);

/** Standard normal quantile of a two-sided 95 % interval. */
const Z = 1.959964;
const PERCENT = 100;

/**
 * @param sources of every value, with SoftNN's temperature filled in
 * @param results by step; a step that has not run is absent
 */
export function readTable(
  table: Pick<PaperTable, 'values' | 'orderings'>,
  sources: ReadonlyMap<Place, Source>,
  results: ReadonlyMap<string, StepResult>,
): TableReading {
  const replicator = createReplicator(createRng('reproduction'));
  const measured = new Map<Place, Measured>();
  const reasons = new Map<Place, string>();
  for (const [at, source] of sources) {
    const found = source.kind === 'not-run' ? source.reason : measure(source, results.get(source.step));
    if (typeof found === 'string') reasons.set(at, found);
    else measured.set(at, found);
  }
  return {
    values: table.values.map((value) => {
      const at = place(value.row, value.column);
      const found = measured.get(at);
      return {
        ...value,
        ours: found === undefined ? null : ourValue(replicator, found),
        notRun: found === undefined ? (reasons.get(at) ?? 'nothing says where it comes from') : null,
      };
    }),
    orderings: table.orderings.map((ordering) =>
      judgeOrdering(ordering, comparedValues(replicator, measured)),
    ),
  };
}

/** The value, or a sentence why there is none. */
function measure(
  source: Exclude<Source, { kind: 'not-run' }>,
  result: StepResult | undefined,
): Measured | string {
  if (result === undefined) return 'its step has not run';
  if (source.kind === 'ownership') {
    const figure = result.kind === 'own' ? result.figures[source.figure] : null;
    return figure === null ? 'the test could not be made' : { kind: 'figure', ...figure };
  }
  if (result.kind !== 'audit') return 'its step is no audit';
  const cells = result.cells.filter((cell) => isMeant(cell, source));
  const readings = new Map<number, SeedReading>();
  for (const { key, work } of cells) {
    const found = result.measurements
      .get(key)
      ?.find(({ metric, task }) => metric === source.metric && task === source.task);
    if (found !== undefined) readings.set(work.seed, inPercent(found));
  }
  if (readings.size > 0)
    return { kind: 'seeds', readings, task: source.task, isFixed: source.work === 'victim' };
  const failed = cells.find(({ error }) => error !== null);
  if (failed?.error) return `it failed: ${failed.error.message}`;
  return cells.find(({ reason }) => reason !== null)?.reason ?? 'it has not run';
}

function isMeant(cell: CellRow, source: Extract<Source, { kind: 'cells' }>): boolean {
  const { work, attackLabel, defenseLabel } = cell;
  if (work.kind !== source.work) return false;
  if (work.kind === 'victim') return true;
  if (defenseLabel !== (source.defense ?? 'none')) return false;
  if (work.kind !== 'attack') return true;
  return (
    attackLabel === source.attack &&
    work.accounts === 1 &&
    (source.budget === undefined || work.budget === source.budget)
  );
}

function inPercent({ value, items }: Measurement): SeedReading {
  return { value: value * PERCENT, items: items?.map((item) => item * PERCENT) };
}

function ourValue(replicator: Replicator, measured: Measured): OurValue {
  const { value, low, high } = valueOf(replicator, measured);
  if (measured.kind === 'figure') return { value, low, high, seeds: 1, deviation: null };
  const deviations = [...measured.readings.values()].flatMap(({ items }) => deviationOf(items) ?? []);
  return {
    value,
    low,
    high,
    seeds: measured.readings.size,
    deviation:
      measured.task !== null || deviations.length === 0
        ? null
        : deviations.reduce((sum, one) => sum + one, 0) / deviations.length,
  };
}

/** Of a sample; undefined for fewer than two. */
function deviationOf(items: Float32Array | undefined): number | undefined {
  if (items === undefined || items.length < 2) return undefined;
  const mean = items.reduce((sum, item) => sum + item, 0) / items.length;
  return Math.sqrt(items.reduce((sum, item) => sum + (item - mean) ** 2, 0) / (items.length - 1));
}

function valueOf(replicator: Replicator, measured: Measured): Compared {
  if (measured.kind === 'figure') return aroundFigure(measured);
  const { readings, task, isFixed } = measured;
  return ofReadings(replicator, [...readings.values()], { task, isFixed });
}

function aroundFigure({ value, standardError }: Figure): Compared {
  if (standardError === null) return { value, low: null, high: null };
  return { value, low: value - Z * standardError, high: value + Z * standardError };
}

function ofReadings(
  replicator: Replicator,
  readings: readonly SeedReading[],
  { task, isFixed }: { readonly task: string | null; readonly isFixed: boolean },
): Compared {
  // Without a task the items are batches of each seed's own: they pair with nothing.
  const items = task === null ? readings.map(({ value }) => ({ value })) : readings;
  const name = task ?? 'batches';
  const replicated = isFixed ? replicator.fixed(items, name) : replicator.mean(items, name, 'seeds');
  return { value: replicated.value, ...bounds(replicated) };
}

/** A mean without an interval decides nothing by itself: its interval counts as unbounded. */
function unbounded({ value, low, high }: Compared): Compared {
  return { value, low: low ?? -Infinity, high: high ?? Infinity };
}

function comparedValues(replicator: Replicator, measured: ReadonlyMap<Place, Measured>): ComparedValues {
  return {
    value(at) {
      const found = measured.get(at);
      if (found === undefined) return undefined;
      const compared = valueOf(replicator, found);
      // A test's p is what it is.
      return found.kind === 'figure' ? compared : unbounded(compared);
    },
    difference(a, b) {
      const [left, right] = [measured.get(a), measured.get(b)];
      if (left === undefined || right === undefined) return undefined;
      if (left.kind === 'figure' || right.kind === 'figure')
        return left.kind === 'figure' && right.kind === 'figure' ? figureDifference(left, right) : undefined;
      return unbounded(pairedDifference(replicator, left, right));
    },
  };
}

function figureDifference(a: Figure, b: Figure): Compared {
  const known = a.standardError !== null && b.standardError !== null;
  const standardError = known ? Math.hypot(a.standardError ?? 0, b.standardError ?? 0) : null;
  return aroundFigure({ value: a.value - b.value, standardError });
}

type Seeds = Extract<Measured, { kind: 'seeds' }>;

/** Seed by seed, item by item; the victim, measured once, stands beside every seed. */
function pairedDifference(replicator: Replicator, left: Seeds, right: Seeds): Compared {
  const isFixed = left.isFixed && right.isFixed;
  const names = (left.isFixed ? right : left).readings.keys();
  const readings = [...names].flatMap((seed): SeedReading[] => {
    const [a, b] = [left, right].map((side) =>
      side.isFixed ? side.readings.values().next().value : side.readings.get(seed),
    );
    return a === undefined || b === undefined ? [] : [differenceOf(a, b)];
  });
  const task = left.task === right.task ? left.task : null;
  return ofReadings(replicator, readings, { task, isFixed });
}

function differenceOf(a: SeedReading, b: SeedReading): SeedReading {
  const value = a.value - b.value;
  const [first, second] = [a.items, b.items];
  if (first === undefined || second === undefined || first.length !== second.length) return { value };
  return { value, items: first.map((item, at) => item - (second[at] ?? 0)) };
}
