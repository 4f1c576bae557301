import type { AuditConfig } from '../contract/audit.ts';
import type { CellKey, CellWork } from '../contract/cell.ts';
import type { PreparationRecord } from '../store/types.ts';

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
    };
