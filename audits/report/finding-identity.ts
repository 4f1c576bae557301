import { createHash } from 'node:crypto';
import type { Finding } from '../contract/result.ts';

/** Raised when the same finding would get another fingerprint: older ones are then strangers to newer ones. */
const FINGERPRINT_VERSION = 1;

/** Under which name SARIF and acceptances carry the fingerprint. */
export const fingerprintName = `moatFinding/v${FINGERPRINT_VERSION}`;

/**
 * What makes a finding the same in two audits: its kind and the defense it is about, never a number, a cell or a sentence.
 * SHA-256, hex.
 */
export function fingerprintOf({ id }: Pick<Finding, 'id'>): string {
  return createHash('sha256').update(`${fingerprintName}\n${id}`).digest('hex');
}

/** A kind of finding, as a rule that findings break. */
export interface FindingKind {
  readonly id: string;
  readonly title: string;
  readonly explanation: string;
}

const kinds: readonly FindingKind[] = [
  {
    id: 'encoder-extractable',
    title: 'The encoder can be copied through its API',
    explanation:
      'An attack trained a copy on replies to its queries, and the copy does what the encoder does.',
  },
  {
    id: 'defense-without-protection',
    title: 'A defense was not shown to protect',
    explanation:
      'Against the strongest attack the interval of the protection that a defense gives reaches zero.',
  },
  {
    id: 'defense-costs-honest-users',
    title: 'A defense costs honest users more than the policy allows',
    explanation:
      'Accuracy or retrieval of customers who ask through the defense falls below what the policy asks for.',
  },
  {
    id: 'defense-bypassed',
    title: 'An attack made for a defense gets around it',
    explanation: 'A defense that holds against plain attacks falls to one that knows it.',
  },
];

/** The kind of a finding by its id; one that is not known here is named by its id. */
export function kindOf({ id }: Pick<Finding, 'id'>): FindingKind {
  const kind = kindIdOf(id);
  return (
    kinds.find((known) => known.id === kind) ?? {
      id: kind,
      title: `${kind.charAt(0).toUpperCase()}${kind.slice(1)}`.replaceAll('-', ' '),
      explanation: 'See the message of the finding.',
    }
  );
}

/** `defense-bypassed` of `defense-bypassed:rounding`. */
function kindIdOf(findingId: string): string {
  const at = findingId.indexOf(':');
  return at < 0 ? findingId : findingId.slice(0, at);
}

/** The defense that a finding is about, null for one about the encoder. */
export function defenseOf({ id }: Pick<Finding, 'id'>): string | null {
  const at = id.indexOf(':');
  return at < 0 ? null : id.slice(at + 1);
}
