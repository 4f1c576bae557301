import { createHash } from 'node:crypto';
import canonicalize from 'canonicalize';

/**
 * Proof that a key and a test were chosen before the suspect was seen: who may pick among many keys afterwards finds one that
 * accuses anybody (landscape A18, section 7, pitfall 19). The digest is made public while what it stands for stays secret. Its
 * time is worth what the place is worth where it was made public: a file's own date proves nothing to others.
 */
export interface KeyCommitment {
  readonly scheme: string;
  /** SHA-256 (hex) of canonical JSON (RFC 8785) of the secret and the salt. */
  readonly digest: string;
  /** ISO 8601, UTC. */
  readonly committedAt: string;
}

export interface CommitmentCheck {
  readonly holds: boolean;
  /** What does not hold, a sentence each. */
  readonly complaints: readonly string[];
}

const SCHEME = 'sha256-canonical-json-1';
/** Bytes of salt below which a short secret could be guessed from its digest. */
const FEWEST_SALT_BYTES = 16;

/**
 * @param secret plain JSON: the key, the test and its settings, the images by digest
 * @param salt hex, at least 16 bytes, kept with the secret
 * @throws RangeError for a salt or a time that is none
 */
export function commitToKey(secret: unknown, salt: string, committedAt: Date): KeyCommitment {
  if (!/^[0-9a-f]+$/.test(salt) || salt.length < 2 * FEWEST_SALT_BYTES)
    throw new RangeError(`a salt needs ${FEWEST_SALT_BYTES} bytes in hex`);
  return { scheme: SCHEME, digest: digest(secret, salt), committedAt: committedAt.toISOString() };
}

/** Whether the commitment is to this secret and was made before the suspect was seen. */
export function checkCommitment(
  commitment: KeyCommitment,
  revealed: { readonly secret: unknown; readonly salt: string },
  suspectSeenAt: Date,
): CommitmentCheck {
  const committed = Date.parse(commitment.committedAt);
  const complaints = [
    commitment.scheme === SCHEME
      ? []
      : [`The commitment has the scheme ${commitment.scheme}, not ${SCHEME}.`],
    digest(revealed.secret, revealed.salt) === commitment.digest
      ? []
      : ['What is tested now is not what was committed to: the digests differ.'],
    committed < suspectSeenAt.getTime()
      ? []
      : [
          `The commitment is of ${commitment.committedAt}, the suspect was seen at ${suspectSeenAt.toISOString()}: too late.`,
        ],
  ].flat();
  return { holds: complaints.length === 0, complaints };
}

function digest(secret: unknown, salt: string): string {
  return createHash('sha256')
    .update(canonicalize({ salt, secret }) ?? '')
    .digest('hex');
}
