import type { AuditConfig } from '../contract/audit.ts';
import type { AuditId } from '../contract/cell.ts';

/** The audits this engine runs: one at a time, the next ones wait. */
export interface AuditRuns {
  /** @throws MoatError `database-busy` where another process writes */
  readonly start: (config: AuditConfig, reason: string) => AuditId;
  readonly resume: (id: AuditId, retry: { readonly failed: boolean }) => void;
  /** Asks for the next safe point; false where the audit does not run here. */
  readonly stop: (id: AuditId) => boolean;
  readonly isRunning: (id: AuditId) => boolean;
}
