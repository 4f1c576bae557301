import type { AuditId } from '../cell.ts';
import type { Method, Nothing } from './method.ts';

/** Everything a new audit is made of: methods to choose from, what it would cost, its start. */
export interface NewAuditMethods {
  /** Attacks, defenses, presets with JSON Schemas of their settings. */
  'methods.list': Method<Nothing, MethodCatalogue>;
  /**
   * Cells, queries, time, money of what `settings` ask for, without embedding anything.
   * `imagesPerSecond`, `dimension`: of the encoder, as `encoder.inspect` found them; without one a usual one is assumed.
   */
  'audits.estimate': Method<
    {
      readonly settings: AuditSettings;
      readonly imagesPerSecond?: number | undefined;
      readonly dimension?: number | undefined;
    },
    AuditEstimate
  >;
  /** What was typed into the form of a new audit, by whichever window: its fields are the form's own. Null: nothing yet. */
  'draft.get': Method<Nothing, { readonly draft: Readonly<Record<string, unknown>> | null }>;
  'draft.set': Method<{ readonly draft: Readonly<Record<string, unknown>> }, { readonly kept: true }>;
  /** `confirmed`: a deployed service may be asked, up to its spending limit; without it such an audit is refused. */
  'audits.start': Method<
    { readonly settings: AuditSettings; readonly confirmed?: boolean | undefined },
    { readonly id: AuditId }
  >;
}

export interface MethodCatalogue {
  readonly attacks: readonly MethodCard[];
  readonly defenses: readonly MethodCard[];
  readonly presets: readonly {
    readonly id: string;
    readonly version: number;
    readonly title: string;
    readonly attacks: readonly string[];
    readonly defenses: readonly string[];
    readonly budgets: readonly number[];
    readonly accounts: readonly number[];
    readonly seeds: number;
    readonly canPass: boolean;
  }[];
}

export interface MethodCard {
  readonly id: string;
  readonly title: string;
  readonly summary: string;
  readonly group: string;
  /** JSON Schema of the settings, with defaults. */
  readonly config: unknown;
  /** Of a defense: attacks it must face to pass. */
  readonly mustFace: readonly string[];
}

/** The entries of `moat.config.json` (docs/moat.config.schema.json); paths absolute, or `builtin:demo`. */
export type AuditSettings = Readonly<Record<string, unknown>>;

export interface AuditEstimate {
  readonly cells: number;
  readonly queries: number;
  /** Preparation, cells and judging. */
  readonly estimatedMs: number;
  /** Of that, before the first cell: reading and embedding the images. */
  readonly preparationMs: number;
  readonly dollars: number;
  /** The attack or defense whose removal would save most time. */
  readonly dearest: {
    readonly kind: 'attack' | 'defense';
    readonly label: string;
    readonly savedMs: number;
    readonly savedCells: number;
  } | null;
  readonly notApplicable: readonly {
    readonly attack: string;
    readonly defense: string;
    readonly reason: string;
  }[];
  readonly leftOut: readonly { readonly label: string; readonly cells: number }[];
  /** Attacks that defenses must face, with the reason; they are played whether or not the settings name them. */
  readonly mandatory: readonly {
    readonly attack: string;
    readonly defense: string;
    readonly reason: string;
    readonly isNamed: boolean;
  }[];
  /** What a deployed service would be asked for, in US dollars; null where the encoder is a file and nothing is sent. */
  readonly service: {
    readonly address: string;
    /** Of pool and tasks, at most; attacks that make images of their own ask for more, within `maxSpend`. */
    readonly images: number;
    readonly dollars: number;
    readonly pricePerImage: number;
    readonly maxSpend: number;
  } | null;
}
