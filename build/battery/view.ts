import tQuantile from '@stdlib/stats-base-dists-t-quantile';
import type { Measurement } from '../../audits/contract/cell.ts';
import type {
  AuditResult,
  DefenseVerdict,
  DetectorEvaluation,
  Estimate,
  MatrixCell,
} from '../../audits/contract/result.ts';
import type { CellRow } from '../../audits/store/types.ts';

/** What an expectation may look at: the result of its step's audit and the cells behind it. */
export interface StepView {
  readonly result: AuditResult;
  readonly wallMs: number;
  /** Resident memory in bytes, peak of each tenth of the run. */
  readonly peakBytes: readonly number[];
  /** The matrix entry of an attack (as it is spelled in the result) on a defense. */
  entry(at: EntryPlace): MatrixCell | undefined;
  verdict(defense: string): DefenseVerdict | undefined;
  /**
   * How much more one entry has stolen than another, paired over their common seeds (same images, same initial weights), worst
   * task; 95 % by Student's t over seeds. Null with fewer than two seeds or without a baseline.
   */
  ahead(left: EntryPlace, right: EntryPlace): Estimate | null;
  /** A diagnostic of every finished cell behind an entry, one per seed. */
  diagnostics(at: EntryPlace, name: string): readonly number[];
  detector(defense: string): DetectorEvaluation | undefined;
}

export interface EntryPlace {
  readonly attack: string;
  readonly defense?: string;
  readonly budget: number;
  readonly accounts?: number;
}

export function viewOf(
  { result, wallMs, peakBytes }: Pick<StepView, 'result' | 'wallMs' | 'peakBytes'>,
  cells: readonly CellRow[],
  measurements: ReadonlyMap<string, readonly Measurement[]>,
): StepView {
  const entry = ({ attack, defense = 'none', budget, accounts = 1 }: EntryPlace): MatrixCell | undefined =>
    result.matrix.find(
      (cell) =>
        cell.attack === attack &&
        cell.defense === defense &&
        cell.budget === budget &&
        cell.accounts === accounts,
    );
  const byKey = new Map(cells.map((cell) => [String(cell.key), cell]));
  const accuraciesOf = (at: EntryPlace): Accuracies =>
    new Map(
      (entry(at)?.cellKeys ?? []).flatMap((key) => {
        const seed = byKey.get(key)?.work.seed;
        const byTask = (measurements.get(key) ?? []).filter(({ metric }) => metric === 'probe-accuracy');
        return seed === undefined ? [] : [[seed, new Map(byTask.map(({ task, value }) => [task, value]))]];
      }),
    );
  return {
    result,
    wallMs,
    peakBytes,
    entry,
    ahead: (left, right) => pairedDifference(result, accuraciesOf(left), accuraciesOf(right)),
    verdict: (defense) => result.verdicts.find((verdict) => verdict.defense === defense),
    diagnostics: (at, name) =>
      (entry(at)?.cellKeys ?? []).flatMap((key) => byKey.get(key)?.diagnostics[name] ?? []),
    detector: (defense) => result.detection.find((detector) => detector.defense === defense),
  };
}

/** Probe accuracy by seed and task. */
type Accuracies = ReadonlyMap<number, ReadonlyMap<string | null, number>>;

const CONFIDENCE = 0.95;

function pairedDifference(result: AuditResult, left: Accuracies, right: Accuracies): Estimate | null {
  const seeds = [...left.keys()].filter((seed) => right.has(seed));
  const byTask = result.baselines.flatMap(({ task, victimProbe, noVictimProbe }): Estimate[] => {
    if (victimProbe === null || noVictimProbe === null || seeds.length < 2) return [];
    const span = victimProbe.value - noVictimProbe.value;
    const differences = seeds.map(
      (seed) =>
        ((left.get(seed)?.get(task) ?? Number.NaN) - (right.get(seed)?.get(task) ?? Number.NaN)) / span,
    );
    return [meanOf(differences)];
  });
  return byTask.toSorted((a, b) => a.value - b.value)[0] ?? null;
}

function meanOf(values: readonly number[]): Estimate {
  const n = values.length;
  const value = values.reduce((sum, one) => sum + one, 0) / n;
  const variance = values.reduce((sum, one) => sum + (one - value) ** 2, 0) / (n - 1);
  const half = tQuantile((1 + CONFIDENCE) / 2, n - 1) * Math.sqrt(variance / n);
  return {
    value,
    low: value - half,
    high: value + half,
    unit: 'ratio',
    seeds: n,
    items: n,
    method: "95 %: Student's t over paired seeds",
  };
}

/** `0.512` or `0.510 / 0.498 / 0.522`: one number per seed. */
export function spellSeeds(values: readonly number[], digits = 3): string {
  return values.length === 0 ? '–' : values.map((value) => value.toFixed(digits)).join(' / ');
}
