import type { KeyObject } from 'node:crypto';
import type { AuditResult } from '../../contract/result.ts';
import { envelopeSchema, isSealedBy, keyId } from './dsse.ts';
import { recomputeCheck } from './recompute-check.ts';
import { digestOf, encoderName, payloadType, statementSchema, type Statement } from './statement.ts';

export type CheckState = 'matches' | 'differs' | 'not-checked';

export interface VerificationCheck {
  readonly subject: 'envelope' | 'signature' | 'file' | 'database' | 'encoder' | 'measurements';
  /** Which file, or which number; null for the others. */
  readonly name: string | null;
  readonly state: CheckState;
  readonly sentence: string;
}

export interface Verification {
  /** True when everything that could be looked at matches, the signature included. */
  readonly isVerified: boolean;
  readonly checks: readonly VerificationCheck[];
  /** Null where the envelope holds none that can be read. */
  readonly statement: Statement | null;
}

export interface VerificationInputs {
  /** The attestation as parsed JSON. */
  readonly envelope: unknown;
  /** Undefined: nobody to trust was named. */
  readonly publicKey: KeyObject | undefined;
  /** SHA-256 (hex) of a file beside the attestation; undefined where there is none. */
  readonly fileDigest: (name: string) => string | undefined;
  /** The result in the database; undefined where none was named, null where it has no such audit. */
  readonly stored: AuditResult | null | undefined;
  /** What the measurements in the database amount to, judged anew; undefined where nobody looked. */
  readonly recomputed?: AuditResult | undefined;
}

/** Says of each thing that an attestation is about whether it matches. Nothing in the payload is believed before the signature. */
export function verifyAttestation(inputs: VerificationInputs): Verification {
  const envelope = envelopeSchema.safeParse(inputs.envelope);
  if (!envelope.success || envelope.data.payloadType !== payloadType)
    return failed(
      'The file is no attestation of a report: it is not a DSSE envelope with an in-toto statement.',
    );
  const { publicKey } = inputs;
  const [signature] = envelope.data.signatures;
  const statement = readStatement(envelope.data.payload);
  if (statement === null)
    return failed('The envelope holds no in-toto statement with a test result that this Moat can read.');
  const checks: readonly VerificationCheck[] = [
    publicKey === undefined
      ? check(
          'signature',
          null,
          'not-checked',
          `No public key was given: anyone could have signed this (key ${shortId(signature?.keyid)}).`,
        )
      : isSealedBy(envelope.data, publicKey)
        ? check('signature', null, 'matches', `Signed by the key ${shortId(keyId(publicKey))}.`)
        : check(
            'signature',
            null,
            'differs',
            signature?.keyid === keyId(publicKey)
              ? 'The signature does not fit the content: the attestation was changed after it was signed.'
              : `Signed by another key (${shortId(signature?.keyid)}) than the one given (${shortId(keyId(publicKey))}), or changed afterwards.`,
          ),
    ...statement.subject.filter(({ name }) => name !== encoderName).map((file) => fileCheck(file, inputs)),
    ...databaseChecks(statement, inputs.stored),
    ...(inputs.stored === undefined || inputs.stored === null || inputs.recomputed === undefined
      ? []
      : [recomputeCheck(inputs.stored, inputs.recomputed)]),
  ];
  return {
    isVerified: checks.every(({ state, subject }) =>
      // A signature that nobody checked proves nothing; a database that nobody named is no mismatch.
      subject === 'signature' ? state === 'matches' : state !== 'differs',
    ),
    checks,
    statement,
  };
}

function failed(sentence: string): Verification {
  return { isVerified: false, checks: [check('envelope', null, 'differs', sentence)], statement: null };
}

function readStatement(payload: string): Statement | null {
  try {
    const parsed = statementSchema.safeParse(JSON.parse(Buffer.from(payload, 'base64').toString('utf8')));
    return parsed.success ? parsed.data : null;
  } catch {
    return null;
  }
}

function fileCheck(
  { name, digest }: Statement['subject'][number],
  { fileDigest }: VerificationInputs,
): VerificationCheck {
  const found = fileDigest(name);
  // A file that is gone cannot be vouched for: what was signed is not all there.
  if (found === undefined)
    return check('file', name, 'differs', `${name} is missing beside the attestation.`);
  return found === digest.sha256
    ? check('file', name, 'matches', `${name} is the file that was signed.`)
    : check(
        'file',
        name,
        'differs',
        `${name} was changed: its SHA-256 is ${shortId(found)}, signed was ${shortId(digest.sha256)}.`,
      );
}

function databaseChecks(
  { subject, predicate }: Statement,
  stored: AuditResult | null | undefined,
): readonly VerificationCheck[] {
  const { moat, configuration } = predicate;
  if (stored === undefined)
    return [check('database', null, 'not-checked', 'No database was given to compare the numbers with.')];
  if (stored === null)
    return [check('database', null, 'differs', `The database has no audit ${moat.auditId}.`)];
  const encoder = subject.find(({ name }) => name === encoderName)?.digest.sha256;
  if (moat.schemaVersion !== stored.schemaVersion)
    return [
      check(
        'database',
        null,
        'not-checked',
        `The result was signed in schema version ${moat.schemaVersion}, and this Moat makes version ${stored.schemaVersion} of it: they cannot be compared.`,
      ),
    ];
  const isSame = digestOf(stored) === moat.resultDigest;
  const isSameSetup = digestOf(stored.config) === configuration[0]?.digest.sha256;
  return [
    encoder === stored.encoder.digest
      ? check('encoder', null, 'matches', `The audited encoder has the SHA-256 ${shortId(encoder)}.`)
      : check(
          'encoder',
          null,
          'differs',
          `The database audited another encoder (${shortId(stored.encoder.digest)}) than was signed (${shortId(encoder)}).`,
        ),
    isSame
      ? check(
          'database',
          null,
          'matches',
          `The database holds the result that was signed (audit ${moat.auditId}).`,
        )
      : check(
          'database',
          null,
          'differs',
          isSameSetup
            ? `The result of audit ${moat.auditId} in the database is not the one that was signed: the setup is the same, numbers or verdicts are not.`
            : `The result of audit ${moat.auditId} in the database is not the one that was signed: the audit is set up differently.`,
        ),
  ];
}

function check(
  subject: VerificationCheck['subject'],
  name: string | null,
  state: CheckState,
  sentence: string,
): VerificationCheck {
  return { subject, name, state, sentence };
}

function shortId(digest: string | undefined): string {
  return digest === undefined ? 'unknown' : digest.slice(0, 16);
}
