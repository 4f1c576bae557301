import type { AuditResult } from '../contract/result.ts';
import { publicFileOf } from '../report/attestation/keys.ts';
import { signResult } from '../report/attestation/sign-result.ts';
import type { WrittenFile } from '../report/write-formats.ts';
import { displayPath, resolvePath, type CommandContext } from './context.ts';

/** Signs what was written, and says so where that made a key. @throws MoatError as `signResult` */
export function signReport(
  context: CommandContext,
  result: AuditResult,
  files: readonly WrittenFile[],
  options: { readonly folder: string; readonly key: string | undefined },
): WrittenFile {
  const { written, signedWith } = signResult(result, files, {
    folder: options.folder,
    key: options.key === undefined ? undefined : resolvePath(context, options.key),
    signedAt: new Date(context.clock.now()).toISOString(),
  });
  if (signedWith.isNew)
    context.terminal.note(
      `made a signing key for you: ${displayPath(context, signedWith.file)}; give ${displayPath(context, publicFileOf(signedWith.file))} to those who verify`,
    );
  return written;
}
