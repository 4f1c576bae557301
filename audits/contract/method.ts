import type { z } from 'zod';
import type { Engine } from './engine.ts';
import type { Images, Matrix } from './data.ts';
import type { Rng } from '../rng.ts';

/** What attacks, defenses and metrics are: pure definitions which get everything from their context. */

export interface Reference {
  readonly authors: string;
  readonly title: string;
  readonly venue: string;
  readonly year: number;
  readonly url?: string;
}

export interface MethodMeta<Id extends string = string> {
  /** kebab-case; equals the file name, the database value and the report key. Never renamed. */
  readonly id: Id;
  /** Raised whenever results for the same config change: part of every cell's key. */
  readonly version: number;
  readonly title: string;
  /** One sentence, for tables. */
  readonly summary: string;
  readonly reference: Reference;
}

/** A method with its config, every default filled in. */
export interface MethodSpec {
  readonly id: string;
  readonly config: Readonly<Record<string, unknown>>;
}

// ---------------------------------------------------------------- the victim's door

/** The only door to the victim. Every row that passes is counted; beyond the budget it refuses. */
export interface Oracle {
  /** Length of a reply. May differ from the victim's dimension (a defense may truncate). */
  readonly dimension: number;
  /** Accounts the attacker holds, numbered from 0. */
  readonly accounts: number;
  /** Rows still allowed, over all accounts together. */
  remaining(): number;
  /**
   * Sends images (at the victim's input size, as the pool has them) on one account.
   * @returns replies `[images.count, dimension]`, in order.
   * @throws MoatError `budget-exhausted` before sending anything when `images.count > remaining()`.
   */
  query(images: Images, account?: number): Promise<Matrix>;
}

export interface LedgerEntry {
  readonly account: number;
  readonly rows: number;
  readonly uniqueInputs: number;
  readonly bytesSent: number;
  readonly bytesReceived: number;
}

// ---------------------------------------------------------------- surrogates

/** A stolen (or control) encoder as data: enough to embed any image again, later, elsewhere. */
export type SurrogateModel =
  | {
      readonly kind: 'network';
      readonly architecture: string;
      readonly inputSize: number;
      readonly dimension: number;
      /** Named weights and batch-norm statistics. */
      readonly weights: Readonly<
        Record<string, { readonly shape: readonly number[]; readonly data: Float32Array }>
      >;
    }
  | {
      /** `embedding = features @ weights + bias`, features from a frozen public encoder or a random network. */
      readonly kind: 'linear-on-features';
      readonly features: SurrogateModel | { readonly kind: 'backbone' };
      /** `[features, dimension]`, row-major. */
      readonly weights: Matrix;
      readonly bias: Float32Array;
    }
  | { readonly kind: 'backbone' };

/** A public encoder the attacker holds, already loaded: frozen features for any image. */
export interface FeatureEncoder {
  readonly dimension: number;
  /** `[images.count, dimension]`. */
  embed(images: Images): Promise<Matrix>;
}

/** Where a long cell keeps what it has: one slot, replaced whole, survives kill -9. */
export interface CheckpointSlot {
  load(): Promise<Checkpoint | undefined>;
  save(checkpoint: Checkpoint): Promise<void>;
}

export interface Checkpoint {
  /** Small JSON: epoch, losses so far. */
  readonly progress: Readonly<Record<string, unknown>>;
  readonly tensors: Readonly<
    Record<string, { readonly shape: readonly number[]; readonly data: Float32Array }>
  >;
}

export interface MethodContext {
  readonly rng: Rng;
  readonly engine: Engine;
  readonly signal: AbortSignal;
  /** `fraction` in [0, 1] of this method; throttled by the base. */
  progress(fraction: number, stage: string): void;
  log(message: string): void;
}

/** Rules by which a training moves weights (`audits/optimizers/`). */
export const optimizerIds = ['adam', 'adamw', 'sgd-momentum', 'lars'] as const;
export type OptimizerId = (typeof optimizerIds)[number];

/** Ways a learning rate moves during a training (`audits/learning-rates/`). */
export const scheduleIds = ['cosine', 'constant', 'step-decay', 'late-cosine'] as const;
export type ScheduleId = (typeof scheduleIds)[number];

/**
 * What may be said about training beyond what a loss brings along. Only what was said and differs from the defaults is
 * there, so that it stands in a cell's key exactly when it changes the cell's numbers.
 */
export interface TrainingSettings {
  /** Default: the loss's own. */
  readonly optimizer?: OptimizerId | undefined;
  /** Peak of the schedule. Default: the loss's own times the architecture's factor, or what `optimizer` is used with. */
  readonly learningRate?: number | undefined;
  /** Default: the loss's own, or what `optimizer` is used with. */
  readonly weightDecay?: number | undefined;
  /** Default: false. */
  readonly nesterov?: boolean | undefined;
  /** Default: `cosine`. */
  readonly schedule?: ScheduleId | undefined;
  /** Epochs of linear rise before the schedule; may be a fraction. Default: 0. */
  readonly warmUpEpochs?: number | undefined;
  /** Longest joint gradient. Default: no limit. */
  readonly clipNorm?: number | undefined;
}

/** How an attacker builds and trains a surrogate: chosen for the audit, not by the attack. */
export interface SurrogateSettings {
  readonly architecture: string;
  /** Side of the surrogate's square input in pixels. */
  readonly inputSize: number;
  readonly epochs: number;
  readonly batchSize: number;
  /** Absent where the loss's defaults hold. */
  readonly training?: TrainingSettings | undefined;
}

export interface AttackContext extends MethodContext {
  readonly oracle: Oracle;
  /** Unlabelled images at the victim's input size, in seeded order; at least as many as the budget. */
  readonly pool: Images;
  readonly surrogate: SurrogateSettings;
  /** Present when the user names a public encoder. */
  readonly backbone?: FeatureEncoder;
  readonly checkpoint: CheckpointSlot;
  /** The attack named in this attack's `base` setting, resolved and schema-checked; for attacks that require one. */
  readonly base?: { run(context: AttackContext): Promise<AttackOutcome> };
}

export interface AttackOutcome {
  readonly surrogate: SurrogateModel;
  /** Free figures worth keeping: final loss, chosen lambda, epochs. Finite numbers only. */
  readonly diagnostics: Readonly<Record<string, number>>;
}

export interface AttackMeta<Id extends string = string> extends MethodMeta<Id> {
  /** What the attacker must know or hold. */
  readonly knowledge: string;
  readonly requires: readonly ('backbone' | 'base-attack')[];
  /** Closed-form attacks run in seconds and have no epochs. */
  readonly training: 'none' | 'closed-form' | 'network';
  /** Runs without a single query: one cell per seed, whatever the defense. */
  readonly control?: boolean;
}

export interface AttackDefinition<Config extends z.ZodObject = z.ZodObject> {
  readonly meta: AttackMeta;
  readonly config: Config;
  /** Rows the oracle must grant for a nominal budget (a denoiser at equal images asks for more). Default: the budget. */
  queryAllowance?(config: z.infer<Config>, budget: number): number;
  /** A sentence when this config cannot run in this audit (no backbone given, say); else undefined. */
  notApplicable?(
    config: z.infer<Config>,
    facts: { readonly hasBackbone: boolean; readonly defense: readonly MethodSpec[] },
  ): string | undefined;
  /** Images pushed through training (forward and backward), for the plan's estimate. Default: 0. */
  trainedImages?(
    config: z.infer<Config>,
    facts: { readonly budget: number; readonly surrogate: SurrogateSettings },
  ): number;
  run(context: AttackContext, config: z.infer<Config>): Promise<AttackOutcome>;
}

// ---------------------------------------------------------------- defenses

/** Per-dimension statistics of the provider's own embeddings, and a sample of them. */
export interface ProviderStatistics {
  /** Clean embeddings of the provider's calibration images `[rows, dimension]`, as this defense sees them. */
  readonly embeddings: Matrix;
  readonly mean: Float32Array;
  readonly standardDeviation: Float32Array;
}

export interface DefenseSession {
  /**
   * Answers one batch on this account, in order: `reply(batch)` equals one row after the other.
   * @param embeddings `[rows, input dimension]`
   * @param inputs identity (pixel hash) of each row's image
   * @returns `[rows, output dimension]`, newly allocated.
   */
  reply(embeddings: Matrix, inputs: readonly string[]): Matrix;
}

export interface DefenseMeta<Id extends string = string> extends MethodMeta<Id> {
  /** One sentence on how it is meant to work. */
  readonly mechanism: string;
  /** Attack ids without which no verdict "pass" may be given. At least one. */
  readonly mustFace: readonly string[];
  /** True when replies depend on the account or on what came before. */
  readonly stateful: boolean;
}

export interface DefenseDefinition<Config extends z.ZodObject = z.ZodObject> {
  readonly meta: DefenseMeta;
  readonly config: Config;
  /** Attacks that must be faced by this config; default `meta.mustFace`. */
  mustFace?(config: z.infer<Config>): readonly string[];
  outputDimension?(config: z.infer<Config>, inputDimension: number): number;
  /** Opens the session of one account. Deterministic in (rng, account, order of rows). */
  openSession(context: {
    readonly config: z.infer<Config>;
    readonly provider: ProviderStatistics;
    readonly account: number;
    /** The service's secret key as a stream; derive per account or input from it. */
    readonly rng: Rng;
  }): DefenseSession;
}
