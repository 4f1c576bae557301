import type { Scale } from './scale.ts';
import type { DataAtHand } from './data-at-hand.ts';
import type { Ordering } from './ordering.ts';

/**
 * A table of the root paper (Dziedzic et al., ICML 2022) as data: what it prints, what must be so in it, and which ordinary
 * audits, trainings and ownership tests come to the same numbers here.
 */
export interface PaperTable {
  /** As typed: `table2`, `table13`. */
  readonly id: string;
  /** Further ids of tables that are one experiment with it, and run together. */
  readonly alsoCalled: readonly string[];
  readonly title: string;
  /** One sentence: victim, queries, what is measured. */
  readonly setting: string;
  /** Of every value unless its own says otherwise: `%` of accuracy, errors, success. */
  readonly unit: string;
  readonly values: readonly PaperValue[];
  readonly orderings: readonly Ordering[];
  /** What differs from the paper's own way at both scales, one sentence each. */
  readonly differences: readonly string[];
  plan(means: Means): TablePlan;
}

export interface PaperValue {
  readonly row: string;
  readonly column: string;
  /** Null where the paper prints none, and ours is shown for what it tells. */
  readonly value: number | null;
  /** As printed after the sign: between batches. */
  readonly deviation?: number;
}

/** `ROW / COLUMN`. */
export type Place = string;
export const place = (row: string, column: string): Place => `${row} / ${column}`;

/** What there is to reproduce with. */
export interface Means {
  readonly scale: Scale;
  readonly data: DataAtHand;
  readonly seeds: number;
  /** The CIFAR-10 victim, where the user has one; else one is trained. */
  readonly victim: string | undefined;
  /** Output of the victim's projection head. */
  readonly projection: string | undefined;
}

export interface TablePlan {
  readonly steps: readonly Step[];
  /** Where each value comes from, or why there is none; a value without an entry is a bug. */
  readonly sources: ReadonlyMap<Place, Source>;
}

/** An ordinary command of this program. */
export type Step = TrainStep | AuditStep | OwnStep;

interface StepBase {
  readonly id: string;
  /** What for, after `[2/4] `. */
  readonly title: string;
  /** Beyond the encoder and what every step of its kind has. */
  readonly arguments: readonly string[];
  /** A guess, on two cores at the reduced scale; null where it was never run. */
  readonly minutes: number | null;
  /** Images that go through training steps, views and epochs counted: what its time on other machines is guessed from. */
  readonly trainedImages: number;
}

export interface TrainStep extends StepBase {
  readonly kind: 'train';
  readonly images: string;
}

export interface AuditStep extends StepBase {
  readonly kind: 'audit';
  readonly encoder: EncoderSource;
}

export interface OwnStep extends StepBase {
  readonly kind: 'own';
  readonly victim: EncoderSource;
  readonly suspect: EncoderSource;
  /** An encoder trained with a watermark, by whose key the mark is read. */
  readonly mark?: EncoderSource;
  /** Beside the suspect in a t-test. */
  readonly independent?: EncoderSource;
}

export type EncoderSource =
  | { readonly kind: 'file'; readonly file: string }
  | { readonly kind: 'trained'; readonly step: string }
  /** The copy of seed 0 that an audit left. */
  | { readonly kind: 'copy'; readonly step: string; readonly attack: string; readonly budget: number };

export type Source =
  /** Measurements of an audit's cells, one per seed. */
  | {
      readonly kind: 'cells';
      readonly step: string;
      readonly work: 'attack' | 'honest' | 'detection' | 'victim';
      readonly attack?: string;
      /** Default `none`. */
      readonly defense?: string;
      readonly budget?: number;
      readonly task: string | null;
      readonly metric: string;
    }
  | { readonly kind: 'ownership'; readonly step: string; readonly figure: OwnershipFigure }
  | { readonly kind: 'not-run'; readonly reason: string };

/** `rate`: of a mark read back, in percent. */
export type OwnershipFigure = 'distance' | 'rate' | 'difference' | 'p' | 't';

/** Stands in arguments and attack spellings for the temperature that SoftNN has on this victim's scale. */
export const SOFTNN_TEMPERATURE = '{softnn}';

export const notRun = (reason: string): Source => ({ kind: 'not-run', reason });

/** Values of a whole grid, row by row. */
export function grid(
  columns: readonly string[],
  rows: Readonly<Record<string, readonly (number | null)[]>>,
): readonly PaperValue[] {
  return Object.entries(rows).flatMap(([row, values]) =>
    columns.map((column, at) => ({ row, column, value: values[at] ?? null })),
  );
}
