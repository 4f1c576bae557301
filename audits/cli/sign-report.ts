import path from 'node:path';
import type { AuditResult } from '../contract/result.ts';
import { seal } from '../report/attestation/dsse.ts';
import { openSigningKey, publicFileOf } from '../report/attestation/keys.ts';
import { payloadType, stateResult } from '../report/attestation/statement.ts';
import { writeReportFile, type WrittenFile } from '../report/write-formats.ts';
import { displayPath, resolvePath, type CommandContext } from './context.ts';

/** File beside the report's files that `moat verify` reads. */
const ATTESTATION = 'report.intoto.json';

/**
 * Signs what was written: the encoder and every file by its hash, and the result itself.
 * @throws MoatError `path-missing`, `configuration-invalid`, `file-unwritable`
 */
export function signReport(
  context: CommandContext,
  result: AuditResult,
  files: readonly WrittenFile[],
  options: { readonly folder: string; readonly key: string | undefined },
): WrittenFile {
  const { key, file, isNew } = openSigningKey(
    options.key === undefined ? undefined : resolvePath(context, options.key),
  );
  const statement = stateResult(
    result,
    files.map(({ path: location, sha256 }) => ({ name: path.basename(location), sha256 })),
    { signedAt: new Date(context.clock.now()).toISOString() },
  );
  const envelope = seal(payloadType, Buffer.from(JSON.stringify(statement)), key);
  const location = path.join(options.folder, ATTESTATION);
  const written = writeReportFile(location, `${JSON.stringify(envelope, null, 2)}\n`);
  if (isNew)
    context.terminal.note(
      `made a signing key for you: ${displayPath(context, file)}; give ${displayPath(context, publicFileOf(file))} to those who verify`,
    );
  return { format: 'attestation', path: location, ...written };
}
