import type { AuditConfig } from '../contract/audit.ts';
import type { CellKey, CellWork, Measurement } from '../contract/cell.ts';
import type { NetworkUse } from '../contract/endpoint.ts';
import type { AuditRow, CellRow, PreparationRecord } from '../store/types.ts';

/** What a worker is given: everything by value or by path, nothing from another cell's memory. */
export type Job =
  | { readonly kind: 'prepare'; readonly config: AuditConfig; readonly artifactFolder: string }
  | {
      readonly kind: 'cell';
      readonly key: CellKey;
      readonly work: CellWork;
      readonly config: AuditConfig;
      readonly preparation: PreparationRecord;
      readonly artifactFolder: string;
    }
  | {
      /** Thousands of bootstrap replicates: seconds during which a runner would hear nothing. */
      readonly kind: 'judge';
      readonly audit: AuditRow;
      readonly cells: readonly CellRow[];
      readonly measurements: ReadonlyMap<CellKey, readonly Measurement[]>;
      readonly network: NetworkUse | undefined;
    };
