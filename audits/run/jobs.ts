import type { AuditConfig } from '../contract/audit.ts';
import type { CellKey, CellWork, Measurement } from '../contract/cell.ts';
import type { NetworkUse } from '../contract/endpoint.ts';
import type { AuditRow, CellRow, PreparationRecord } from '../store/types.ts';
import type { Question } from './questions.ts';

/** What a worker is given: everything by value or by path, nothing from another cell's memory. */
export type Job =
  | { readonly kind: 'prepare'; readonly config: AuditConfig; readonly artifactFolder: string }
  | CellJob
  | Question
  | {
      /** Thousands of bootstrap replicates: seconds during which a runner would hear nothing. */
      readonly kind: 'judge';
      readonly audit: AuditRow;
      readonly cells: readonly CellRow[];
      readonly measurements: ReadonlyMap<CellKey, readonly Measurement[]>;
      readonly network: NetworkUse | undefined;
    };

export interface CellJob {
  readonly kind: 'cell';
  readonly key: CellKey;
  readonly work: CellWork;
  readonly config: AuditConfig;
  readonly preparation: PreparationRecord;
  readonly artifactFolder: string;
}

/** How a job hears that it must stop, and tells how far it is. */
export interface JobContext {
  readonly signal: AbortSignal;
  progress(fraction: number, stage: string): void;
  log(message: string): void;
}
