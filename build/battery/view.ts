import type {
  AuditResult,
  DefenseVerdict,
  DetectorEvaluation,
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
  return {
    result,
    wallMs,
    peakBytes,
    entry,
    verdict: (defense) => result.verdicts.find((verdict) => verdict.defense === defense),
    diagnostics: (at, name) =>
      (entry(at)?.cellKeys ?? []).flatMap((key) => byKey.get(key)?.diagnostics[name] ?? []),
    detector: (defense) => result.detection.find((detector) => detector.defense === defense),
  };
}

/** `0.512` or `0.510 / 0.498 / 0.522`: one number per seed. */
export function spellSeeds(values: readonly number[], digits = 3): string {
  return values.length === 0 ? '–' : values.map((value) => value.toFixed(digits)).join(' / ');
}
