import type { AuditEntry } from './audits.ts';
import type { Method, Nothing } from './method.ts';

/** What becomes of audits that are over. */
export interface HistoryMethods {
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
}

export interface DiskUsage {
  readonly databaseBytes: number;
  readonly artifactBytes: number;
  /** What purging the deleted audits would free, as far as it can be told. */
  readonly deletedBytes: number;
  readonly freeBytes: number;
}
