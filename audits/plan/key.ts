import { createHash } from 'node:crypto';
import canonicalize from 'canonicalize';
import type { AuditInputs, CellKey, CellWork } from '../contract/cell.ts';
import type { EncoderDescription } from '../contract/encoder.ts';

/**
 * A cell's content address: SHA-256 (hex) of canonical JSON (RFC 8785) of everything its numbers depend on.
 * Same key, same numbers: such a cell is reused and never computed twice.
 */
export function cellKey(all: AuditInputs, work: CellWork, auditSeed: number): CellKey {
  // What ownership tests look at stands in the work of the cells that make them.
  const { ownership: _, ...inputs } = all;
  return digestOf({ inputs, work, auditSeed }) as CellKey;
}

/** SHA-256 (hex) of a value's canonical JSON. */
export function digestOf(value: unknown): string {
  return createHash('sha256')
    .update(canonicalize(value) ?? '')
    .digest('hex');
}

/** SHA-256 (hex) of all that changes an encoder's features: file, output and preprocessing. */
export function encoderIdentity({
  digest,
  output,
  pooling,
  preprocessing,
}: Pick<EncoderDescription, 'digest' | 'output' | 'pooling' | 'preprocessing'>): string {
  return digestOf({ digest, output, pooling, preprocessing });
}
