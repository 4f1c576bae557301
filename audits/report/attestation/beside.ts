import { createHash } from 'node:crypto';
import { existsSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { envelopeSchema } from './dsse.ts';
import { statementSchema } from './statement.ts';

/** Names in an attestation are names of files beside it or in a folder there, whatever they claim. */
export function digestBeside(folder: string, name: string): string | undefined {
  const parts = name.split('/');
  const isPlain = (part: string): boolean =>
    part === path.basename(part) && part !== '' && part !== '.' && part !== '..';
  if (parts.length > 2 || !parts.every(isPlain)) return undefined;
  const file = path.join(folder, name);
  if (!existsSync(file) || !statSync(file).isFile()) return undefined;
  return createHash('sha256').update(readFileSync(file)).digest('hex');
}

/** The audit that an envelope speaks of; undefined where it cannot be read, which the verification itself will say. */
export function auditOf(envelope: unknown): string | undefined {
  const read = envelopeSchema.safeParse(envelope);
  if (!read.success) return undefined;
  try {
    const payload: unknown = JSON.parse(Buffer.from(read.data.payload, 'base64').toString('utf8'));
    return statementSchema.safeParse(payload).data?.predicate.moat.auditId;
  } catch {
    return undefined;
  }
}
