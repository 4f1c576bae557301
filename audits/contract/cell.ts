import type { Preprocessing } from './encoder.ts';
import type { LedgerEntry, MethodSpec, SurrogateSettings } from './method.ts';

declare const brand: unique symbol;
type Brand<T, Name extends string> = T & { readonly [brand]: Name };
/** SHA-256 (hex) of a cell's inputs as canonical JSON. */
export type CellKey = Brand<string, 'CellKey'>;
/** Short random-looking id of an audit, unique within a database. */
export type AuditId = Brand<string, 'AuditId'>;

/** A method as it enters a key: its id, its version, its whole config, and its file where a user brought it. */
export interface VersionedSpec extends MethodSpec {
  readonly version: number;
  /** SHA-256 (hex) of the user's file that defines it; absent for a method that ships. */
  readonly plugin?: string;
}

/** Digest of the images actually used (in order) and of their labels. */
export interface DatasetDigest {
  readonly name: string;
  readonly digest: string;
  readonly rows: number;
}

/** The query pool; `sources` where shares were named, in the order in which places are given to them. */
export interface PoolDigest extends DatasetDigest {
  readonly sources?: readonly { readonly name: string; readonly share: number }[] | undefined;
}

export interface EvaluationSettings {
  /** Cap on labelled rows to fit and to score a task; stratified, seeded. */
  readonly fitRows: number;
  readonly scoreRows: number;
  /** Version of the metric implementations as a whole. */
  readonly version: number;
}

/** What every cell of one audit has in common. */
export interface AuditInputs {
  readonly encoder: string;
  readonly output: string;
  readonly pooling: string;
  readonly preprocessing: Preprocessing;
  readonly backbone: string | null;
  /** Output of the projection head, where one was named. */
  readonly projection?: string;
  readonly pool: PoolDigest;
  /** Names of the classes of the pool's images; absent where no image has one. */
  readonly poolClasses?: readonly string[];
  readonly tasks: readonly {
    readonly name: string;
    readonly fit: DatasetDigest;
    readonly score: DatasetDigest;
  }[];
  readonly evaluation: EvaluationSettings;
  readonly numericsClass: string;
  /** What ownership tests look at; absent without them. Enters the keys of the cells that make them, and no others. */
  readonly ownership?: OwnershipInputs | undefined;
}

/** Digests of what ownership tests look at. */
export interface OwnershipInputs {
  readonly private: string | null;
  readonly public: string | null;
  /** Encoders known to be independent of the victim; `identity` is that of file, output and preprocessing. */
  readonly independent: readonly { readonly file: string; readonly identity: string }[];
}

/** What a cell's ownership readings depend on beside its encoder. */
export interface OwnershipWork {
  /** Of the tests and the way they are made. */
  readonly version: number;
  readonly private?: string | undefined;
  readonly public?: string | undefined;
}

/**
 * `attack`: steal through a defense and evaluate the surrogate. `honest`: what the defense costs honest users.
 * `detection`: how a defense that watches tells benign accounts from attackers.
 * `victim`: the undefended utility everything is compared with.
 * `independent`: ownership tests on an encoder known not to come from the victim.
 */
export type CellWork =
  | {
      readonly kind: 'attack';
      readonly attack: VersionedSpec;
      /** In order of application; `none` is the empty list. */
      readonly defense: readonly VersionedSpec[];
      readonly budget: number;
      readonly accounts: number;
      readonly seed: number;
      readonly surrogate: SurrogateSettings;
      /** Which images are sent first; absent for the seeded random order. */
      readonly queryPolicy?: VersionedSpec | undefined;
      /**
       * SHA-256 (hex) of the built-in encoder, where the attack looks at images with it and it is another than the first one that was
       * built in: cells made with that one have no such entry. A backbone stands in `AuditInputs`.
       */
      readonly publicEncoder?: string | undefined;
      /** Versions beyond 1 of the losses it trains with, by id. */
      readonly losses?: Readonly<Record<string, number>> | undefined;
      /** Version of the transfer of adversarial examples, where it is measured too. */
      readonly transfer?: number | undefined;
      /** Where ownership tests are made of the copy too. */
      readonly ownership?: OwnershipWork | undefined;
    }
  | { readonly kind: 'honest'; readonly defense: readonly VersionedSpec[]; readonly seed: number }
  | {
      readonly kind: 'detection';
      readonly defense: readonly VersionedSpec[];
      readonly seed: number;
      /** Version of the streams; absent in cells stored before there was a second one. */
      readonly streams?: number;
    }
  | { readonly kind: 'victim'; readonly seed: number; readonly ownership?: OwnershipWork | undefined }
  | {
      readonly kind: 'independent';
      /** Identity of the encoder. */
      readonly encoder: string;
      readonly seed: number;
      readonly ownership: OwnershipWork;
    };

export interface Cell {
  readonly key: CellKey;
  readonly work: CellWork;
  /** Attack and defense in canonical spelling, for people: `direct-extraction:loss=mse`. */
  readonly attackLabel: string | null;
  readonly defenseLabel: string | null;
  /** The planner's guess on this machine, one worker. */
  readonly estimatedMs: number;
}

export type CellState = 'pending' | 'running' | 'done' | 'failed' | 'not-applicable' | 'not-run';

/** One measured number of one cell. */
export interface Measurement {
  readonly metric: string;
  readonly task: string | null;
  readonly value: number;
  readonly unit: Unit;
  /** Items behind the value (test rows, pairs ...). */
  readonly n: number;
  /** The value per item, where the mean of the items is the value: what the bootstrap draws from. */
  readonly items?: Float32Array;
}

export type Unit =
  | 'fraction'
  | 'cosine'
  | 'count'
  | 'milliseconds'
  | 'bytes'
  | 'ratio'
  | 'nats'
  | 'seconds'
  | 'dollars'
  | 'none';

/** What a worker sends back for one cell: data only. */
export interface CellOutcome {
  readonly measurements: readonly Measurement[];
  readonly diagnostics: Readonly<Record<string, number>>;
  readonly ledger: readonly LedgerEntry[];
  readonly elapsedMs: number;
  /** Files written for this cell, relative to the artifact folder. */
  readonly artifacts: readonly ArtifactFile[];
}

export interface ArtifactFile {
  readonly path: string;
  readonly sha256: string;
  readonly sizeBytes: number;
  readonly kind: 'surrogate' | 'surrogate-onnx' | 'embeddings' | 'images' | 'preparation' | 'checkpoint';
}
