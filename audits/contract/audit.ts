import type { EncoderOptions } from './encoder.ts';
import type { EndpointSettings } from './endpoint.ts';
import type { EvaluationSettings } from './cell.ts';
import type { MethodSpec, SurrogateSettings } from './method.ts';
import type { DeviceId, EngineId } from './engine.ts';
import type { PluginFile } from './plugin.ts';

/** A frozen, named, versioned list. A changed preset gets a new version. */
export interface Preset {
  readonly id: 'quick' | 'standard' | 'paper' | 'demo';
  readonly version: number;
  readonly title: string;
  readonly attacks: readonly MethodSpec[];
  /** Each a chain in order; the empty chain is `none`. */
  readonly defenses: readonly (readonly MethodSpec[])[];
  readonly budgets: readonly number[];
  readonly accounts: readonly number[];
  readonly seeds: number;
  readonly evaluation: EvaluationSettings;
  readonly surrogate: SurrogateSettings;
  readonly furtherSurrogates?: readonly FurtherSurrogate[];
  /** `quick` and `demo` may fail a defense, never clear one. */
  readonly canPass: boolean;
}

/** Where images come from. `builtin:demo` draws the demo's images. */
export interface DataSource {
  readonly name: string;
  readonly path: string;
  /** Of a query pool: its share in what is sent, in (0, 1]. Absent: pools are mixed as large as they are. */
  readonly share?: number | undefined;
}

/** Another network a thief may train, beside the first one. */
export interface FurtherSurrogate {
  readonly settings: SurrogateSettings;
  /**
   * `battery`: it plays every attack that trains; `first-attack`: only the first of them, undefended, which shows whether a
   * network of another size or kind would steal more.
   */
  readonly extent: 'battery' | 'first-attack';
}

/** What may be measured of every copy beside what always is, because it costs the victim passes of its own. */
export const furtherFidelityIds = ['transfer'] as const;
export type FurtherFidelityId = (typeof furtherFidelityIds)[number];

/** What ownership tests on every copy are made with. */
export interface OwnershipSettings {
  /** ONNX files of encoders known to be independent of the victim. */
  readonly zoo: readonly string[];
  /** Images the victim was trained on and nobody else was, and others of their kind. */
  readonly private?: string | undefined;
  readonly public?: string | undefined;
}

/** One audit as asked for, every default filled in; stored whole, so that `resume` needs nothing else. */
export interface AuditConfig {
  /** Absolute path, `builtin:demo`, or the address of a deployed service. */
  readonly encoder: string;
  /** How the service is asked; absent where the encoder is a file. */
  readonly endpoint?: EndpointSettings | undefined;
  readonly encoderOptions: EncoderOptions;
  readonly backbone: string | null;
  /** Users' own methods; absent where there are none. */
  readonly plugins?: readonly PluginFile[] | undefined;
  readonly pools: readonly DataSource[];
  readonly tasks: readonly DataSource[];
  readonly preset: Pick<Preset, 'id' | 'version' | 'canPass'>;
  readonly attacks: readonly MethodSpec[];
  readonly defenses: readonly (readonly MethodSpec[])[];
  readonly budgets: readonly number[];
  readonly accounts: readonly number[];
  readonly seeds: number;
  /** Seed of everything: splits, shuffles, keys. */
  readonly seed: number;
  readonly evaluation: EvaluationSettings;
  readonly surrogate: SurrogateSettings;
  /** Surrogates beside `surrogate`. */
  readonly furtherSurrogates?: readonly FurtherSurrogate[] | undefined;
  /** Ids of query policies. Absent: `random` alone. */
  readonly queryPolicies?: readonly string[] | undefined;
  /** Absent: nothing beside what is always measured. */
  readonly fidelity?: readonly FurtherFidelityId[] | undefined;
  /** Absent: no ownership tests. */
  readonly ownership?: OwnershipSettings | undefined;
  /**
   * `where-faced`, for a preset's list: attacks made against a defense are played where a defense must face them, the others
   * everywhere, and several numbers of accounts only where replies depend on the account. Absent: every attack of the list
   * on every defense with every number of accounts, as for a list given by hand, and those besides that a defense must face.
   * `listed`: a list given by hand and nothing besides; a defense that lacks an attack it must face is then not judged.
   */
  readonly attackExtent?: 'where-faced' | 'listed' | undefined;
  /** The audit is fitted into so much time, counted from the start of the command. Absent: all of it runs. */
  readonly timeLimitMs?: number | undefined;
  readonly engine: EngineId;
  /** Chosen once, when the audit begins: another device computes other numbers, under other keys. */
  readonly device: DeviceId;
  /** Cells at a time; one thread each. */
  readonly workers: number;
  readonly policy: Policy;
  /** The user named a policy: the exit code answers it, also after a resume. */
  readonly isGated: boolean;
  /** US dollars per query. */
  readonly pricePerQuery: number;
  /** Absent in audits stored before there were any: the defaults hold. */
  readonly costs?: CostAssumptions | undefined;
}

/** What a thief pays beside the queries, in US dollars. */
export interface CostAssumptions {
  /** One hour of computing. */
  readonly perComputeHour: number;
  /** One account at the service. */
  readonly perAccount: number;
  /** One label, for attacks that need labelled queries. */
  readonly perLabel: number;
  /** What training the victim cost its owner; null when unknown. */
  readonly training: number | null;
}

/** What the provider can live with. Fractions of 1; losses in points of accuracy (0.01 = one point). */
export interface Policy {
  readonly budget: number;
  readonly accounts: readonly number[];
  /** Absolute bound on the stolen gain through the defense, or null. */
  readonly maxStolenGain: number | null;
  /** `1 - max stolen gain (defended) / max stolen gain (none)`. */
  readonly minProtection: number;
  readonly maxHonestLoss: number;
  readonly minRecallAt10: number;
  /** Own images from which an honest user counts for the two limits above. Absent in older policies: 1 000. */
  readonly minHonestRows?: number | undefined;
  /** Undefended stolen gain whose lower bound the attacks must reach to judge anything. */
  readonly minUndefendedGain: number;
}
