import type { AuditId, CellKey, CellState } from '../cell.ts';
import type { SerializedError } from '../errors.ts';
import type { ChangesSince, ReportInput } from '../report.ts';
import type { AuditResult } from '../result.ts';
import type { Method } from './method.ts';

/** What there is of audits, how they stand and what is asked of one that runs. */
export interface AuditMethods {
  /** Newest first; those deleted among them only with `deleted: true`. */
  'audits.list': Method<{ readonly deleted?: boolean | undefined }, readonly AuditEntry[]>;
  /** Cells as they stand now, and the number of the last event that is in them: what a window begins with. */
  'audits.snapshot': Method<{ readonly id: string }, AuditSnapshot>;
  /** The stored result; of an audit that still runs, what its cells amount to now. */
  'audits.result': Method<{ readonly id: string }, StoredReport>;
  /** One cell: configuration, measurements, diagnostics, error, where its files lie. */
  'audits.cell': Method<{ readonly id: string; readonly key: string }, CellSheet>;
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
  /** Newest last, bounded; of one that ran before this engine began, what the log file holds of its time. */
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
