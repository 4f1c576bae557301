import path from 'node:path';
import type { AuditResult } from '../../contract/result.ts';
import { writeReportFile, type WrittenFile } from '../write-formats.ts';
import { seal } from './dsse.ts';
import { openSigningKey, type SigningKey } from './keys.ts';
import { payloadType, stateResult } from './statement.ts';

/** File beside the report's files that `moat verify` reads. */
const ATTESTATION = 'report.intoto.json';

/**
 * Signs what was written: the encoder and every file by its hash, and the result itself.
 * @param options.key file of a private key; default: the user's own, made on first use
 * @throws MoatError `path-missing`, `configuration-invalid`, `file-unwritable`
 */
export function signResult(
  result: AuditResult,
  files: readonly WrittenFile[],
  options: { readonly folder: string; readonly key: string | undefined; readonly signedAt: string },
): { readonly written: WrittenFile; readonly signedWith: SigningKey } {
  const signedWith = openSigningKey(options.key);
  const statement = stateResult(
    result,
    files.map(({ path: location, sha256 }) => ({
      name: path.relative(options.folder, location).split(path.sep).join('/'),
      sha256,
    })),
    { signedAt: options.signedAt },
  );
  const envelope = seal(payloadType, Buffer.from(JSON.stringify(statement)), signedWith.key);
  const location = path.join(options.folder, ATTESTATION);
  const written = writeReportFile(location, `${JSON.stringify(envelope, null, 2)}\n`);
  return { written: { format: 'attestation', path: location, ...written }, signedWith };
}
