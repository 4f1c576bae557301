import type {
  ArtifactFile,
  AuditId,
  AuditInputs,
  Cell,
  CellKey,
  CellOutcome,
  CellState,
  DatasetDigest,
  Measurement,
  PoolDigest,
} from '../contract/cell.ts';
import type { AuditConfig } from '../contract/audit.ts';
import type { EncoderDescription, PreflightReport } from '../contract/encoder.ts';
import type { SerializedError } from '../contract/errors.ts';
import type { LedgerEntry } from '../contract/method.ts';
import type { AuditResult, Flag, VerdictWord } from '../contract/result.ts';

export type AuditState = 'preparing' | 'running' | 'completed' | 'cancelled' | 'failed' | 'interrupted';

/** What the preparation found, as the report needs it. */
export interface PreparationRecord {
  readonly inputs: AuditInputs;
  readonly encoder: EncoderDescription;
  readonly preflight: PreflightReport;
  readonly pool: PoolDigest & { readonly removedDuplicates: number; readonly corrupt: readonly string[] };
  readonly tasks: readonly {
    readonly name: string;
    readonly classes: readonly string[];
    readonly fit: DatasetDigest;
    readonly score: DatasetDigest;
    readonly corrupt: readonly string[];
  }[];
  readonly flags: readonly Flag[];
  /** Folder of the prepared files, relative to the artifact folder. */
  readonly folder: string;
}

export interface AuditRow {
  readonly id: AuditId;
  readonly createdAt: string;
  readonly finishedAt: string | null;
  readonly state: AuditState;
  readonly moatVersion: string;
  readonly config: AuditConfig;
  readonly preparation: PreparationRecord | null;
  /** Hardware and runtime, as the report prints them. */
  readonly environment: Readonly<Record<string, string | number>>;
  readonly error: SerializedError | null;
}

export interface CellRow extends Cell {
  readonly state: CellState;
  readonly startedAt: string | null;
  readonly finishedAt: string | null;
  readonly elapsedMs: number | null;
  readonly attempts: number;
  readonly diagnostics: Readonly<Record<string, number>>;
  readonly ledger: readonly LedgerEntry[];
  readonly artifacts: readonly ArtifactFile[];
  readonly error: SerializedError | null;
  /** Why a cell is not applicable or was not run. */
  readonly reason: string | null;
}

export interface AuditSummary {
  readonly id: AuditId;
  readonly createdAt: string;
  readonly finishedAt: string | null;
  readonly state: AuditState;
  readonly encoder: string;
  readonly preset: string;
  readonly cellsTotal: number;
  readonly cellsDone: number;
  readonly cellsFailed: number;
  readonly tags: readonly string[];
  readonly note: string;
  /** When it was put out of sight; null for one that is shown. */
  readonly deletedAt: string | null;
  /** Of the stored result, one word for each defense; null while there is none. */
  readonly verdicts: readonly VerdictWord[] | null;
}

/** Files of erased audits that no other audit of the database needs, relative to the artifact folder. */
export interface ErasedFiles {
  readonly folders: readonly string[];
  readonly files: readonly string[];
}

export interface AuditRepository {
  create(row: Pick<AuditRow, 'id' | 'createdAt' | 'moatVersion' | 'config' | 'environment'>): void;
  get(id: AuditId): AuditRow | undefined;
  /** Newest first; deleted ones only where they are asked for. */
  list(options?: { readonly deleted: boolean }): readonly AuditSummary[];
  annotate(id: AuditId, change: { readonly tags?: readonly string[]; readonly note?: string }): void;
  /** Puts an audit out of sight, or back. @throws MoatError `audit-unknown` */
  setDeleted(id: AuditId, at: string | null): void;
  /** What erasing the deleted audits would leave to nobody. */
  erasable(): ErasedFiles;
  /** Erases the deleted audits, and cells that no other audit has planned. Their files are the caller's to erase. */
  erase(): ErasedFiles;
  /** An end that the disk does not take is thrown, and yet what this process reads from now on. */
  setState(id: AuditId, state: AuditState, at: string, error?: SerializedError): void;
  setPreparation(id: AuditId, preparation: PreparationRecord): void;
  /** Asks a running audit to stop; its runner polls this. */
  requestCancel(id: AuditId): void;
  cancelRequested(id: AuditId): boolean;
}

export interface CellRepository {
  /** Adds the audit's cells in order. A key that exists already keeps its state and measurements. */
  plan(
    auditId: AuditId,
    cells: readonly (Cell & { readonly state: CellState; readonly reason: string | null })[],
  ): void;
  /**
   * Puts another cell in the place of a planned one. The old one stays in the database, in no plan of this audit; one
   * that was planned besides takes the place.
   */
  replace(auditId: AuditId, key: CellKey, cell: Cell): void;
  /** In the order planned. */
  byAudit(auditId: AuditId): readonly CellRow[];
  get(key: CellKey): CellRow | undefined;
  setRunning(key: CellKey, at: string): void;
  /** One transaction: state, outcome, measurements, artifacts. */
  finish(key: CellKey, outcome: CellOutcome, at: string): void;
  fail(key: CellKey, error: SerializedError, at: string): void;
  /** Every cell of the audit left `running` by a runner that died becomes `pending`; failed ones too when asked. */
  requeue(auditId: AuditId, options: { readonly failed: boolean }): number;
}

export interface MeasurementRepository {
  byCell(key: CellKey): readonly Measurement[];
  byAudit(auditId: AuditId): ReadonlyMap<CellKey, readonly Measurement[]>;
  /** Of one metric and every cell of the audit: the value by task, without the items behind it. */
  values(auditId: AuditId, metric: string): ReadonlyMap<CellKey, ReadonlyMap<string, number>>;
}

export interface ReportRepository {
  /** Replaces the audit's result; also fills the tables behind the views. */
  save(auditId: AuditId, result: AuditResult, at: string): void;
  /**
   * Undefined where there is none of today's schema version: one that an earlier build stored is built again from its cells.
   * @throws MoatError `database-newer`
   */
  get(auditId: AuditId): AuditResult | undefined;
}

export interface Store {
  readonly path: string;
  /** Folder for files the rows point to: beside the database, `NAME.artifacts`. */
  readonly artifactFolder: string;
  readonly audits: AuditRepository;
  readonly cells: CellRepository;
  readonly measurements: MeasurementRepository;
  readonly reports: ReportRepository;
  close(): void;
}
