import type { z } from 'zod';
import type { Engine } from './engine.ts';
import type { Images, Matrix } from './data.ts';
import type { Rng } from '../rng.ts';
import type { RotationKey } from '../watermarks/rotation-key.ts';

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
  /** False once the service has refused this account (a quota, a detector that blocks): nothing more comes from it. */
  isOpen(account: number): boolean;
  /**
   * Sends images (at the victim's input size, as the pool has them) on one account.
   * @returns replies `[answered, dimension]` to the first `answered` images, in order: all of them, or fewer where the
   * service refused the account from there on. What was refused is not charged.
   * @throws MoatError `budget-exhausted` before sending anything when `images.count > remaining()`.
   */
  query(images: Images, account?: number): Promise<Matrix>;
}

export interface LedgerEntry {
  readonly account: number;
  /** Rows answered. */
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
      /**
       * `embedding = activation(features @ weights + bias)`, features from a frozen public encoder or a random network, or
       * from another map of this kind: a hidden layer.
       */
      readonly kind: 'linear-on-features';
      readonly features: SurrogateModel | { readonly kind: 'backbone' };
      /** `[features, dimension]`, row-major. */
      readonly weights: Matrix;
      readonly bias: Float32Array;
      /** Absent: none. */
      readonly activation?: 'relu' | undefined;
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
  /** Whether each loss trains with the batch it is published with, where that is smaller than `batchSize`. Default: false. */
  readonly lossBatch?: boolean | undefined;
}

/**
 * Where a surrogate begins.
 * - `own-ssl`: the attacker first trains it by SimCLR on the pool, without a query;
 * - `backbone-frozen`: at a public encoder, which stays as it is; a linear map of its features is trained;
 * - `backbone-head`: the same with a head of one hidden layer in place of the linear map.
 */
export const initializationIds = ['random', 'own-ssl', 'backbone-frozen', 'backbone-head'] as const;
export type InitializationId = (typeof initializationIds)[number];

/** How an attacker builds and trains a surrogate: chosen for the audit, not by the attack. */
export interface SurrogateSettings {
  readonly architecture: string;
  /** Side of the surrogate's square input in pixels. */
  readonly inputSize: number;
  readonly epochs: number;
  readonly batchSize: number;
  /** Absent where the loss's defaults hold. */
  readonly training?: TrainingSettings | undefined;
  /** Absent: weights are drawn afresh. */
  readonly initialization?: Exclude<InitializationId, 'random'> | undefined;
}

/** The same, with what the thief holds or made before the first query. */
export interface BegunSurrogate extends SurrogateSettings {
  /** The public encoder on which a surrogate is built that begins with a backbone; there whenever it does. */
  readonly backbone?: FeatureEncoder | undefined;
  /**
   * Weights and batch-norm statistics to begin with, for every array of the same name and shape but the linear head, which
   * maps to another embedding and is drawn afresh. Absent: all are.
   */
  readonly begin?:
    Readonly<Record<string, { readonly shape: readonly number[]; readonly data: Float32Array }>> | undefined;
}

/**
 * What an adaptive attacker knows of the service: the family of its defense and its settings, not its keys (the default
 * knowledge of adaptive runs, landscape section 1).
 */
export interface KnownDefense {
  /** In order of application; empty without a defense. */
  readonly chain: readonly MethodSpec[];
  /**
   * The same defense under a key of the attacker's own, calibrated on embeddings the attacker can make (of a public encoder).
   * @param embeddings `[rows, dimension]`, of any dimension
   * @returns replies `[rows, output dimension]` of one fresh account
   */
  simulate(embeddings: Matrix, rng: Rng): Matrix;
}

/** A classifier on the victim's embeddings, as a service that answers with labels has it. */
export interface TaskHead {
  readonly task: string;
  readonly classes: number;
  /** Classes of replies `[rows, victim dimension]`. */
  classify(replies: Matrix): Promise<Int32Array>;
}

export interface AttackContext extends MethodContext {
  readonly oracle: Oracle;
  /** Unlabelled images at the victim's input size, in the query policy's order; at least as many as the budget. */
  readonly pool: Images;
  /** Class of each pool image, -1 where the attacker has none. Only for losses that need labelled queries. */
  readonly poolLabels: Int32Array;
  readonly surrogate: BegunSurrogate;
  /** Present when the user names a public encoder. */
  readonly backbone?: FeatureEncoder;
  /** A public encoder anybody has: the backbone where one is named, else the built-in demo encoder. */
  readonly publicEncoder: FeatureEncoder;
  readonly defense: KnownDefense;
  /** Label services of the same provider, one per task; asked through the oracle's replies. */
  readonly taskHeads: readonly TaskHead[];
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
  /** Gives up utility to be rid of marks: stealing less than a plain attack is its price, not its weakness. */
  readonly launders?: boolean;
  /** Looks at images with `publicEncoder`: which one that is then stands in the cell's key. */
  readonly usesPublicEncoder?: boolean;
  /**
   * What the service under attack answers with: `projection` for an API that returns the output of the victim's projection
   * head; the oracle then answers with those. Default: embeddings.
   */
  readonly asks?: 'embedding' | 'projection';
}

/** What a plan knows of an audit when it asks whether an attack can run in it. */
export interface AuditFacts {
  readonly hasBackbone: boolean;
  readonly hasProjection: boolean;
  readonly hasPoolLabels: boolean;
  readonly accounts: number;
  readonly defense: readonly MethodSpec[];
  /** What the thief trains; absent where it does not matter. */
  readonly surrogate?: SurrogateSettings | undefined;
}

/** What a plan knows of a training before it runs. */
export interface TrainingFacts {
  readonly budget: number;
  readonly accounts: number;
  /** Images in the attacker's pool. */
  readonly poolImages: number;
  readonly surrogate: SurrogateSettings;
}

export interface AttackDefinition<Config extends z.ZodObject = z.ZodObject> {
  readonly meta: AttackMeta;
  readonly config: Config;
  /** Rows the oracle must grant for a nominal budget (a denoiser at equal images asks for more). Default: the budget. */
  queryAllowance?(config: z.infer<Config>, budget: number): number;
  /** A sentence when this config cannot run in this audit (no backbone given, say); else undefined. */
  notApplicable?(config: z.infer<Config>, facts: AuditFacts): string | undefined;
  /** Images pushed through training (forward and backward), for the plan's estimate. Default: 0. */
  trainedImages?(config: z.infer<Config>, facts: TrainingFacts): number;
  /**
   * Images the attacker makes (views, synthetic ones) and sends, for the plan's estimate: unlike the pool's, no preparation has
   * embedded them, so the victim computes in the cell. Default: 0.
   */
  madeImages?(config: z.infer<Config>, facts: TrainingFacts): number;
  run(context: AttackContext, config: z.infer<Config>): Promise<AttackOutcome>;
}

// ---------------------------------------------------------------- defenses

/** Per-dimension statistics of the provider's own embeddings, and a sample of them. */
export interface ProviderStatistics {
  /** Clean embeddings of the provider's calibration images `[rows, dimension]`, as this defense sees them. */
  readonly embeddings: Matrix;
  /** The victim's projections of the same images, where it has them `[rows, projection dimension]`. */
  readonly projections?: Matrix;
  readonly mean: Float32Array;
  readonly standardDeviation: Float32Array;
}

/** What a detector has made of one account's stream so far. */
export interface Detection {
  /** The detector's statistic, larger = more suspicious; its largest value so far. */
  readonly score: number;
  /** Row (from 0) at which it raised its alarm, or null. */
  readonly alarmAtRow: number | null;
  /** Rows it acted on so far, for defenses that judge single rows. */
  readonly flaggedRows?: number;
}

/** What a defense makes an account pay beyond the price per query. */
export interface DefenseCharges {
  /** Work the client has to do, on one core of the reference machine that the defense's config names. */
  readonly seconds: number;
  readonly dollars: number;
}

/** A table of replies recorded at a service elsewhere. */
export interface RecordedReplies {
  readonly dimension: number;
  /** The reply to the `time`-th asking (from 0; the last one recorded stands for all later ones) of an input, where there is one. */
  find(input: string, account: number, time: number): Float32Array | undefined;
}

export interface DefenseSession {
  /**
   * Answers one batch on this account, in order: `reply(batch)` equals one row after the other.
   * @param embeddings `[rows, input dimension]`
   * @param inputs identity (pixel hash) of each row's image
   * @param projections the victim's projections of the same rows, where it has them
   * @returns `[answered, output dimension]`, newly allocated: all rows, or only the first ones where the account is refused
   * from there on.
   */
  reply(embeddings: Matrix, inputs: readonly string[], projections?: Matrix): Matrix;
  /** For defenses that watch. */
  readonly detection?: () => Detection;
  /** For defenses with a price. */
  readonly charges?: () => DefenseCharges;
}

export interface DefenseMeta<Id extends string = string> extends MethodMeta<Id> {
  /** One sentence on how it is meant to work. */
  readonly mechanism: string;
  /** Attack ids without which no verdict "pass" may be given. At least one. */
  readonly mustFace: readonly string[];
  /** True when replies depend on the account or on what came before. */
  readonly stateful: boolean;
  /** Watches accounts and raises alarms: measured as a detector besides. */
  readonly detects?: boolean;
}

/** What a mark is recognised by: what the service knows, and the key under which it answered. */
export interface MarkInput<Config> {
  readonly config: Config;
  readonly provider: ProviderStatistics;
  readonly account: number;
  /** The service's secret key as a stream, the one that `openSession` was given. */
  readonly rng: Rng;
  /** For a defense with a `markKey`. */
  readonly inEncoder?: MarkInEncoder | undefined;
}

/** A mark that lies in the encoder and not in what a service makes of its replies. */
export interface MarkInEncoder {
  readonly key: RotationKey;
  /** The victim's own embeddings of the turned images from which the mark is read `[rows, dimension]`. */
  readonly victim: Matrix;
}

export interface DefenseDefinition<Config extends z.ZodObject = z.ZodObject> {
  readonly meta: DefenseMeta;
  readonly config: Config;
  /** Attacks that must be faced by this config; default `meta.mustFace`. */
  mustFace?(config: z.infer<Config>): readonly string[];
  outputDimension?(config: z.infer<Config>, inputDimension: number): number;
  /** The file of recorded replies this config answers from, and its SHA-256: read before any session opens. */
  recording?(config: z.infer<Config>): { readonly file: string; readonly digest: string };
  /** The key file of a mark that lies in the audited encoder, and its SHA-256: `verify` is then given answers to turned images. */
  markKey?(config: z.infer<Config>): { readonly file: string; readonly digest: string };
  /** Opens the session of one account. Deterministic in (rng, account, order of rows). */
  openSession(context: {
    readonly config: z.infer<Config>;
    readonly provider: ProviderStatistics;
    readonly account: number;
    /** The service's secret key as a stream; derive per account or input from it. */
    readonly rng: Rng;
    /** What `recording` names, where it names anything. */
    readonly recorded?: RecordedReplies | undefined;
  }): DefenseSession;
  /**
   * For defenses that leave a mark in their replies: how much of it a suspect carries. 0: none, as clean embeddings; 1: as much
   * as the replies themselves. Other keys and encoders of others give values around 0; how far around is for a test against
   * independent encoders to say, not for this number. Pure.
   * @param suspect embeddings `[rows of provider.embeddings, any width]` by the suspect of the provider's images, in their order;
   * with a `markKey` those of the same turned images as `mark.inEncoder.victim`
   */
  verify?(suspect: Matrix, mark: MarkInput<z.infer<Config>>): number;
}
