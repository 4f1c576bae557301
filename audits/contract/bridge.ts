import type { Policy } from './audit.ts';
import type { AuditId, CellKey, CellState } from './cell.ts';
import type { EncoderOptions } from './encoder.ts';
import type { SerializedError } from './errors.ts';
import type { RunEvent } from './events.ts';
import type { Comparison } from '../report/compare/compare-results.ts';
import type { ChangesSince, ReportInput, ReportProfile } from './report.ts';
import type { AuditResult } from './result.ts';

/**
 * What a window may ask of the engine, and what it is told: one table, two hosts (Electron's IPC, loopback HTTP). Everything
 * here is plain data that survives cloning and JSON. Requests are parsed by a schema at the engine's end
 * (`audits/serve/methods/`): whoever asks is not trusted. An error is a `SerializedError`.
 */
export interface BridgeMethods {
  /** Name of the product's version, the database, what this host can do. First call of every window. */
  'app.hello': Method<Nothing, Hello>;

  /** Newest first; those deleted among them only with `deleted: true`. */
  'audits.list': Method<{ readonly deleted?: boolean | undefined }, readonly AuditEntry[]>;
  /** Cells as they stand now, and the number of the last event that is in them: what a window begins with. */
  'audits.snapshot': Method<{ readonly id: string }, AuditSnapshot>;
  /** The stored result; of an audit that still runs, what its cells amount to now. */
  'audits.result': Method<{ readonly id: string }, StoredReport>;
  /** One cell: configuration, measurements, diagnostics, error, where its files lie. */
  'audits.cell': Method<{ readonly id: string; readonly key: string }, CellSheet>;
  /** Cells, queries, time, money of what `settings` ask for, without embedding anything. */
  'audits.estimate': Method<{ readonly settings: AuditSettings }, AuditEstimate>;
  /** `confirmed`: a deployed service may be asked, up to its spending limit; without it such an audit is refused. */
  'audits.start': Method<
    { readonly settings: AuditSettings; readonly confirmed?: boolean | undefined },
    { readonly id: AuditId }
  >;
  'audits.resume': Method<
    {
      readonly id: string;
      readonly retryFailed?: boolean | undefined;
      readonly confirmed?: boolean | undefined;
    },
    { readonly id: AuditId }
  >;
  /** Stops at the next safe point: what pausing and cancelling have in common. */
  'audits.stop': Method<{ readonly id: string }, { readonly stopping: boolean }>;
  'audits.annotate': Method<
    {
      readonly id: string;
      readonly tags?: readonly string[] | undefined;
      readonly note?: string | undefined;
    },
    AuditEntry
  >;
  /** Hides an audit from lists; `audits.restore` undoes it. Nothing is erased from disk before `history.purge`. */
  'audits.delete': Method<{ readonly id: string }, AuditEntry>;
  'audits.restore': Method<{ readonly id: string }, AuditEntry>;

  'history.usage': Method<Nothing, DiskUsage>;
  /** Erases deleted audits, and files that no remaining audit needs. */
  'history.purge': Method<Nothing, DiskUsage>;

  'encoder.inspect': Method<
    {
      readonly path: string;
      readonly options: EncoderOptions;
      readonly images?: string | undefined;
      /** `replies.npz` of production, to prove the preprocessing with. */
      readonly expect?: string | undefined;
    },
    EncoderSheet
  >;
  'data.look': Method<{ readonly path: string }, DataSheet>;

  /** Attacks, defenses, presets with JSON Schemas of their settings. */
  'methods.list': Method<Nothing, MethodCatalogue>;

  'reports.formats': Method<
    Nothing,
    readonly { readonly id: string; readonly title: string; readonly extension: string }[]
  >;
  /**
   * Writes files into a folder of the machine the engine runs on. A browser on another one fetches
   * `GET /api/reports/ID/FORMAT?profile=PROFILE` with the token instead, one file each, signed by nobody.
   */
  'reports.export': Method<
    {
      readonly id: string;
      readonly formats: readonly string[];
      readonly folder: string;
      readonly profile?: ReportProfile | undefined;
      readonly sign?: boolean | undefined;
    },
    { readonly files: readonly ExportedFile[] }
  >;
  /** One format as a file's bytes, for a browser that saves it where it runs. */
  'reports.render': Method<
    { readonly id: string; readonly format: string; readonly profile?: ReportProfile },
    { readonly name: string; readonly mediaType: string; readonly base64: string }
  >;
  'audits.compare': Method<{ readonly from: ComparedRequest; readonly to: ComparedRequest }, Comparison>;
  /** The gate: does a stored audit hold under a policy. */
  'audits.assert': Method<
    { readonly id: string; readonly policy: Policy; readonly baseline?: string | undefined },
    {
      readonly verdict: string;
      readonly sentence: string;
      readonly exitCode: number;
      /** Everything that speaks against a pass. */
      readonly reasons: readonly string[];
    }
  >;
  'reports.verify': Method<
    { readonly path: string },
    { readonly ok: boolean; readonly lines: readonly string[] }
  >;

  'findings.accepted': Method<Nothing, readonly AcceptedFinding[]>;
  'findings.accept': Method<AcceptedFinding, readonly AcceptedFinding[]>;
  'findings.revoke': Method<{ readonly finding: string }, readonly AcceptedFinding[]>;

  'settings.get': Method<Nothing, AppSettings>;
  'settings.set': Method<
    { readonly changes: { readonly [Key in keyof AppSettings]?: AppSettings[Key] | undefined } },
    AppSettings
  >;

  'engines.list': Method<Nothing, readonly EngineEntry[]>;
  'engines.install': Method<{ readonly engine: string }, readonly EngineEntry[]>;
  'engines.remove': Method<{ readonly engine: string }, readonly EngineEntry[]>;
  /** The ten-second benchmark. */
  'machine.benchmark': Method<Nothing, { readonly lines: readonly BenchmarkLine[] }>;
  'machine.doctor': Method<Nothing, readonly HealthCheck[]>;
  /** What the device is doing now; null where it cannot be read. */
  'machine.gauge': Method<Nothing, MachineGauge>;

  /** Folders and files of the engine's machine: how a browser picks a path there. */
  'files.browse': Method<{ readonly folder?: string | undefined }, FolderListing>;
}

/** A request that says nothing beside its name. */
type Nothing = Readonly<Record<string, never>>;

interface Method<Request, Reply> {
  readonly request: Request;
  readonly reply: Reply;
}

export type BridgeMethod = keyof BridgeMethods;
export type BridgeRequest<Name extends BridgeMethod> = BridgeMethods[Name]['request'];
export type BridgeReply<Name extends BridgeMethod> = BridgeMethods[Name]['reply'];

/**
 * What every listener is told, in order, numbered from 1 within one life of the engine. A listener that sees a number left out
 * has missed something (it was away for longer than the engine remembers) and asks for snapshots again.
 */
export interface BridgeEvent {
  readonly sequence: number;
  /** New with every start of the engine: whoever knew another one asks for snapshots again. */
  readonly engineLife: string;
  readonly event:
    | { readonly type: 'run'; readonly auditId: AuditId; readonly run: RunEvent }
    /** An audit began, ended, was annotated, deleted or restored. */
    | { readonly type: 'audits-changed' }
    | { readonly type: 'settings-changed' }
    /** A new point of the query curve, as a cell is done. */
    | { readonly type: 'cell-result'; readonly auditId: AuditId; readonly cell: CellEntry }
    /** Engine packs and benchmarks say how far they are. */
    | {
        readonly type: 'task';
        readonly task: string;
        readonly fraction: number | null;
        readonly sentence: string;
      }
    /** The engine died and is back: one calm line. */
    | {
        readonly type: 'engine';
        readonly state: 'restarting' | 'restarted' | 'failed';
        readonly sentence: string;
      };
}

export interface Hello {
  readonly moatVersion: string;
  readonly database: string;
  readonly engineLife: string;
  readonly host: 'electron' | 'http';
  /** Another process writes to the database: audits can be looked at, none can be started. */
  readonly readOnlyBecause: string | null;
}

export interface AuditEntry {
  readonly id: AuditId;
  readonly createdAt: string;
  readonly finishedAt: string | null;
  readonly state: 'preparing' | 'running' | 'completed' | 'cancelled' | 'failed' | 'interrupted';
  readonly encoder: string;
  readonly preset: string;
  readonly cellsTotal: number;
  readonly cellsDone: number;
  readonly cellsFailed: number;
  readonly tags: readonly string[];
  readonly note: string;
  readonly deletedAt: string | null;
  /** Of the stored result; null while there is none. */
  readonly verdict: string | null;
}

/** A cell as the live matrix needs it: small, since there may be 10 000. */
export interface CellEntry {
  readonly key: CellKey;
  readonly kind: 'attack' | 'honest' | 'detection' | 'victim' | 'independent';
  readonly state: CellState;
  readonly attack: string | null;
  readonly defense: string | null;
  readonly budget: number | null;
  readonly accounts: number | null;
  readonly seed: number;
  readonly fraction: number;
  readonly elapsedMs: number | null;
  /** Stolen gain of an attack's cell by the probe, averaged over tasks; null before it is done, or without a baseline to reckon it with. */
  readonly stolenGain: number | null;
  readonly reason: string | null;
}

export interface AuditSnapshot {
  readonly entry: AuditEntry;
  readonly engineLife: string;
  readonly sequence: number;
  /** While it runs here: `waiting` for another audit to end, `preparing`, `running`, `judging`; else the audit's state. */
  readonly stage: string;
  readonly fraction: number;
  readonly etaMs: number | null;
  readonly cells: readonly CellEntry[];
  /** Newest last, bounded. */
  readonly log: readonly { readonly level: 'info' | 'warning' | 'error'; readonly message: string }[];
  readonly error: SerializedError | null;
}

export interface StoredReport {
  readonly result: AuditResult;
  readonly since: ChangesSince | null;
  /** Where not all of it has run yet. */
  readonly isPartial: boolean;
  /** What a report's pages are rendered from besides; for whom they are written is the window's choice. */
  readonly page: Omit<ReportInput, 'result' | 'since' | 'profile'>;
}

export interface CellSheet {
  readonly cell: CellEntry;
  readonly config: unknown;
  readonly measurements: readonly {
    readonly metric: string;
    readonly task: string | null;
    readonly value: number;
    readonly unit: string;
    readonly n: number;
  }[];
  readonly diagnostics: Readonly<Record<string, number>>;
  readonly error: SerializedError | null;
  readonly artifacts: readonly { readonly path: string; readonly sizeBytes: number }[];
}

/** The entries of `moat.config.json` (docs/moat.config.schema.json); paths absolute, or `builtin:demo`. */
export type AuditSettings = Readonly<Record<string, unknown>>;

export interface AuditEstimate {
  readonly cells: number;
  readonly queries: number;
  readonly estimatedMs: number;
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
}

export interface DiskUsage {
  readonly databaseBytes: number;
  readonly artifactBytes: number;
  /** What purging the deleted audits would free, as far as it can be told. */
  readonly deletedBytes: number;
  readonly freeBytes: number;
}

export interface EncoderSheet {
  readonly name: string;
  readonly digest: string;
  readonly sizeBytes: number;
  readonly inputs: readonly TensorShape[];
  readonly outputs: readonly TensorShape[];
  readonly dimension: number;
  /** Of the preprocessing: each value and its `PreprocessingSource`. */
  readonly preprocessing: readonly {
    readonly name: string;
    readonly value: string;
    readonly source: string;
  }[];
  /** The values in force, as the options that would set them. */
  readonly options: EncoderOptions;
  readonly checks: readonly {
    readonly id: string;
    readonly status: 'ok' | 'warning' | 'problem';
    readonly sentence: string;
  }[];
  readonly auditable: boolean;
  /** PNG data URLs of up to ten images as the encoder will see them. */
  readonly examples: readonly string[];
  /** Values that black and white pixels become, and those that are drawn black and white in the examples. */
  readonly exampleValues: {
    readonly values: { readonly least: number; readonly most: number };
    readonly drawn: { readonly least: number; readonly most: number };
  };
  readonly expectation: {
    readonly proven: boolean;
    readonly sentence: string;
    /** Options under which production is reproduced best; null where nothing is better, or options cannot say it. */
    readonly better: { readonly label: string; readonly options: EncoderOptions } | null;
  } | null;
  readonly notes: readonly string[];
}

export interface TensorShape {
  readonly name: string;
  readonly type: string;
  /** A number, or the name of a free dimension. */
  readonly shape: readonly (number | string)[];
}

export interface DataSheet {
  readonly path: string;
  readonly name: string;
  readonly kind: string;
  readonly splits: readonly {
    readonly name: string;
    readonly images: number;
    /** Names, the first ones of very many. */
    readonly classes: readonly string[];
  }[];
  /** 0 for unlabelled data. */
  readonly classCount: number;
  /** Only the beginning was looked at: there are more images than are counted here. */
  readonly isCut: boolean;
  /** PNG data URLs. */
  readonly thumbnails: readonly string[];
  readonly notes: readonly string[];
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

export interface ExportedFile {
  readonly format: string;
  readonly path: string;
  readonly sizeBytes: number;
}

export interface ComparedRequest {
  readonly id: string;
  /** One defense configuration of the audit; absent: the whole audit. */
  readonly defense?: string | undefined;
}

export interface AcceptedFinding {
  readonly finding: string;
  readonly reason: string;
  /** Last day on which it holds, `YYYY-MM-DD` in UTC. */
  readonly expires: string;
  readonly by?: string | undefined;
}

export interface AppSettings {
  readonly theme: 'system' | 'light' | 'dark';
  readonly engine: string;
  readonly device: string;
  readonly workers: number | null;
  readonly price: number | null;
  readonly gpuHour: number | null;
  readonly accountPrice: number | null;
  readonly labelPrice: number | null;
  readonly trainingCost: number | null;
  readonly reportFolder: string;
}

export interface EngineEntry {
  readonly id: string;
  readonly title: string;
  readonly state: 'ready' | 'not-installed' | 'broken';
  readonly devices: readonly string[];
  readonly sentence: string;
  readonly canInstall: boolean;
  readonly canRemove: boolean;
}

export interface BenchmarkLine {
  readonly label: string;
  readonly value: number;
  readonly unit: string;
}

export interface HealthCheck {
  readonly id: string;
  readonly status: 'ok' | 'absent' | 'warning' | 'problem';
  readonly sentence: string;
  readonly advice: string | null;
}

export interface MachineGauge {
  /** Of the engine and its workers. */
  readonly residentBytes: number;
  readonly totalBytes: number;
  readonly device: { readonly name: string; readonly usedBytes: number; readonly totalBytes: number } | null;
}

export interface FolderListing {
  readonly folder: string;
  readonly parent: string | null;
  readonly entries: readonly {
    readonly name: string;
    readonly path: string;
    readonly kind: 'folder' | 'file';
    readonly sizeBytes: number | null;
  }[];
  /** More entries than one answer holds. */
  readonly isCut: boolean;
}
