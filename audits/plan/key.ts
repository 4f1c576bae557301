import { createHash } from 'node:crypto';
import canonicalize from 'canonicalize';
import type { AuditInputs, CellKey, CellWork } from '../contract/cell.ts';

/**
 * A cell's content address: SHA-256 (hex) of canonical JSON (RFC 8785) of everything its numbers depend on.
 * Same key, same numbers: such a cell is reused and never computed twice.
 */
export function cellKey(inputs: AuditInputs, work: CellWork, auditSeed: number): CellKey {
  return digestOf({ inputs, work, auditSeed }) as CellKey;
}

/** SHA-256 (hex) of a value's canonical JSON. */
export function digestOf(value: unknown): string {
  return createHash('sha256')
    .update(canonicalize(value) ?? '')
    .digest('hex');
}
