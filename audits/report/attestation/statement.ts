import { createHash } from 'node:crypto';
import canonicalize from 'canonicalize';
import { z } from 'zod';
import type { AuditResult, VerdictWord } from '../../contract/result.ts';
import { decideGate } from '../../score/gate.ts';
import { cleanText } from '../../contract/clean-text.ts';

/** in-toto Statement v1 with the predicate "test result" v0.1: what was tested, how, and what came of it. */

export const payloadType = 'application/vnd.in-toto+json';
export const statementType = 'https://in-toto.io/Statement/v1';
export const predicateType = 'https://in-toto.io/attestation/test-result/v0.1';

const digest = z.object({ sha256: z.string().regex(/^[0-9a-f]{64}$/) });
const descriptor = z.object({
  name: z.string(),
  digest,
  annotations: z.record(z.string(), z.string()).optional(),
});

export const statementSchema = z.object({
  _type: z.literal(statementType),
  subject: z.array(descriptor).min(1),
  predicateType: z.literal(predicateType),
  predicate: z.object({
    result: z.enum(['PASSED', 'WARNED', 'FAILED']),
    configuration: z.array(descriptor),
    passedTests: z.array(z.string()),
    warnedTests: z.array(z.string()),
    failedTests: z.array(z.string()),
    /** An extension, as the predicate allows: the audit that the statement is about. */
    moat: z.object({
      auditId: z.string(),
      moatVersion: z.string(),
      /** Of the result: another version of it has another digest. */
      schemaVersion: z.int(),
      state: z.string(),
      verdict: z.string(),
      /** SHA-256 of the result as canonical JSON (RFC 8785): what `moat verify --db` builds again. */
      resultDigest: z.string(),
      signedAt: z.string(),
    }),
  }),
});
export type Statement = z.infer<typeof statementSchema>;

export interface AttestedFile {
  readonly name: string;
  readonly sha256: string;
}

/** What is not decided is a warning: a test result knows no third word, and it must not be a pass. */
const outcomes = {
  pass: 'PASSED',
  fail: 'FAILED',
  inconclusive: 'WARNED',
  'not-measured': 'WARNED',
} as const satisfies Record<VerdictWord, Statement['predicate']['result']>;

/**
 * @param files of the report: subjects beside the encoder, so that each can be checked by its hash
 * @param signedAt ISO 8601 in UTC
 */
export function stateResult(
  result: AuditResult,
  files: readonly AttestedFile[],
  { signedAt }: { readonly signedAt: string },
): Statement {
  const { verdict } = decideGate(result);
  const defensesWith = (...words: readonly VerdictWord[]): string[] =>
    result.verdicts
      .filter((own) => words.includes(own.verdict))
      .map(({ defense }) => `defense ${cleanText(defense)}`);
  return {
    _type: statementType,
    subject: [
      { name: encoderName, digest: { sha256: result.encoder.digest } },
      ...files.map(({ name, sha256 }) => ({ name, digest: { sha256 } })),
    ],
    predicateType,
    predicate: {
      result: outcomes[verdict],
      configuration: [{ name: 'audit configuration', digest: { sha256: digestOf(result.config) } }],
      passedTests: defensesWith('pass'),
      warnedTests: defensesWith('inconclusive', 'not-measured'),
      failedTests: defensesWith('fail'),
      moat: {
        auditId: result.auditId,
        moatVersion: result.moatVersion,
        schemaVersion: result.schemaVersion,
        state: result.state,
        verdict,
        resultDigest: digestOf(result),
        signedAt,
      },
    },
  };
}

/** Name of the subject that is the encoder itself; every other subject is a file beside the attestation. */
export const encoderName = 'encoder';

/** SHA-256 (hex) of a value as canonical JSON (RFC 8785): equal values have it equal, however they were written. */
export function digestOf(value: unknown): string {
  // Through JSON first: what is undefined in memory is absent in a file.
  const text = canonicalize(JSON.parse(JSON.stringify(value)));
  return createHash('sha256')
    .update(text ?? '')
    .digest('hex');
}
