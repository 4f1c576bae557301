import { statSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import type { AuditId } from '../../contract/cell.ts';
import { MoatError } from '../../contract/errors.ts';
import type { AuditResult } from '../../contract/result.ts';
import { auditOf, digestBeside } from '../../report/attestation/beside.ts';
import { ownPublicKey } from '../../report/attestation/keys.ts';
import { verifyAttestation, type CheckState } from '../../report/attestation/verify-attestation.ts';
import { cleanText } from '../../contract/clean-text.ts';
import { readJson } from '../../settings/settings.ts';
import { resultOf } from '../audit-of.ts';
import { defineBridgeMethod, type ServeContext } from '../method.ts';
import { absoluteSchema } from '../place.ts';

/** Attestations are some kilobytes, with a result a few megabytes. */
const MOST_BYTES = 50_000_000;
const words = {
  matches: 'matches',
  differs: 'differs',
  'not-checked': 'not checked',
} as const satisfies Record<CheckState, string>;

/** With the user's own key, the files beside the attestation, and this database where it has the audit. */
export const reportsVerify = defineBridgeMethod({
  name: 'reports.verify',
  request: z.strictObject({ path: absoluteSchema }),
  run: async ({ path: file }, context) => {
    const sizeBytes = statSync(file, { throwIfNoEntry: false })?.size;
    if (sizeBytes === undefined)
      throw new MoatError('path-missing', `The attestation ${file} does not exist.`);
    if (sizeBytes > MOST_BYTES)
      throw new MoatError('configuration-invalid', `${file} is too large to be an attestation.`);
    const envelope = readJson(file);
    const verification = verifyAttestation({
      envelope,
      publicKey: ownPublicKey(),
      fileDigest: (name) => digestBeside(path.dirname(file), name),
      stored: await storedOf(auditOf(envelope), context),
    });
    return {
      ok: verification.isVerified,
      lines: verification.checks.map(({ state, sentence }) => cleanText(`${words[state]}: ${sentence}`)),
    };
  },
});

/** Undefined where this database does not have it: it need not be one of ours. */
async function storedOf(id: string | undefined, context: ServeContext): Promise<AuditResult | undefined> {
  const audit = id === undefined ? undefined : context.store.audits.get(id as AuditId);
  return audit === undefined ? undefined : resultOf(context, audit);
}
