import { generateKeyPairSync } from 'node:crypto';
import { expect, test } from 'vitest';
import type { AuditResult } from '../../contract/result.ts';
import { sampleResult, sampleVerdict } from '../result.sample.ts';
import { isSealedBy, preAuthenticationEncoding, readPrivateKey, seal, type Envelope } from './dsse.ts';
import { digestOf, payloadType, stateResult, statementSchema, type Statement } from './statement.ts';
import { verifyAttestation, type VerificationInputs } from './verify-attestation.ts';

const { privateKey, publicKey } = generateKeyPairSync('ed25519');
const signedAt = '2026-03-01T00:00:00.000Z';
const files = [
  { name: 'result.json', sha256: '1'.repeat(64) },
  { name: 'report.md', sha256: '2'.repeat(64) },
];
const result = sampleResult();
const statement = stateResult(result, files, { signedAt });
const envelopeOf = (content: Statement = statement): Envelope =>
  seal(payloadType, Buffer.from(JSON.stringify(content)), privateKey);

const verify = (change: Partial<VerificationInputs> = {}) =>
  verifyAttestation({
    envelope: envelopeOf(),
    publicKey,
    fileDigest: (name) => files.find((file) => file.name === name)?.sha256,
    stored: result,
    ...change,
  });
const differing = (change: Partial<VerificationInputs>) => {
  const { isVerified, checks } = verify(change);
  expect(isVerified).toBe(false);
  return checks.filter(({ state }) => state === 'differs').map(({ subject, name }) => [subject, name]);
};

test('an untouched report is verified: signature, both files, encoder, database', () => {
  const { isVerified, checks } = verify();
  expect(isVerified).toBe(true);
  expect(checks.map(({ subject, state }) => [subject, state])).toEqual([
    ['signature', 'matches'],
    ['file', 'matches'],
    ['file', 'matches'],
    ['encoder', 'matches'],
    ['database', 'matches'],
  ]);
});

test('what is signed is told apart from its type as DSSE says', () => {
  // The example of the specification, protocol.md of secure-systems-lab/dsse.
  expect(
    preAuthenticationEncoding('http://example.com/HelloWorld', Buffer.from('hello world')).toString(),
  ).toBe('DSSEv1 29 http://example.com/HelloWorld 11 hello world');
});

test('a payload that was changed after signing is a wrong signature, and says so', () => {
  const forged: Statement = { ...statement, predicate: { ...statement.predicate, result: 'PASSED' } };
  const envelope = { ...envelopeOf(), payload: Buffer.from(JSON.stringify(forged)).toString('base64') };
  expect(differing({ envelope })).toEqual([['signature', null]]);
  expect(verify({ envelope }).checks[0]?.sentence).toContain('changed after it was signed');
});

test('one flipped bit of the signature is a wrong signature', () => {
  const { signatures, ...rest } = envelopeOf();
  const bytes = Buffer.from(signatures[0]?.sig ?? '', 'base64');
  bytes[5] = (bytes[5] ?? 0) ^ 1;
  const envelope = { ...rest, signatures: [{ keyid: signatures[0]?.keyid, sig: bytes.toString('base64') }] };
  expect(differing({ envelope })).toEqual([['signature', null]]);
});

test('the key of somebody else does not verify', () => {
  const other = generateKeyPairSync('ed25519').publicKey;
  expect(differing({ publicKey: other })).toEqual([['signature', null]]);
  expect(verify({ publicKey: other }).checks[0]?.sentence).toContain('another key');
});

test('without a key nothing is verified, though nothing differs', () => {
  const { isVerified, checks } = verify({ publicKey: undefined });
  expect(isVerified).toBe(false);
  expect(checks[0]).toMatchObject({ subject: 'signature', state: 'not-checked' });
});

test('a changed file and a missing one are named', () => {
  const fileDigest = (name: string) => (name === 'result.json' ? '9'.repeat(64) : undefined);
  expect(differing({ fileDigest })).toEqual([
    ['file', 'result.json'],
    ['file', 'report.md'],
  ]);
  expect(verify({ fileDigest }).checks[2]?.sentence).toContain('missing');
});

test('a database with another number, another setup, another encoder or no such audit is told apart', () => {
  const sentence = (stored: AuditResult | null) =>
    verify({ stored })
      .checks.filter(({ state }) => state === 'differs')
      .map((check) => check.sentence)
      .join(' ');
  const [cell, ...cells] = result.matrix;
  if (cell === undefined) throw new Error('the sample has cells');
  expect(sentence({ ...result, matrix: [{ ...cell, seedsDone: 2 }, ...cells] })).toContain(
    'the setup is the same',
  );
  expect(sentence({ ...result, config: { ...result.config, seeds: 9 } })).toContain('set up differently');
  expect(sentence({ ...result, encoder: { ...result.encoder, digest: 'a'.repeat(64) } })).toContain(
    'another encoder',
  );
  expect(sentence(null)).toContain('has no audit 1a2b3c4d');
});

test('a result that another version of Moat signed is not called different', () => {
  const earlier: Statement = {
    ...statement,
    predicate: {
      ...statement.predicate,
      moat: { ...statement.predicate.moat, schemaVersion: 2, resultDigest: '' },
    },
  };
  const { isVerified, checks } = verify({ envelope: envelopeOf(earlier) });
  expect(isVerified).toBe(true);
  expect(checks.at(-1)).toMatchObject({ subject: 'database', state: 'not-checked' });
});

test('a database that was not given is not checked, and that is said', () => {
  const { isVerified, checks } = verify({ stored: undefined });
  expect(isVerified).toBe(true);
  expect(checks.at(-1)).toMatchObject({ subject: 'database', state: 'not-checked' });
});

test.each([
  [{}],
  [null],
  ['text'],
  [{ payloadType: 'text/plain', payload: '', signatures: [{ keyid: '', sig: '' }] }],
])('%j is no attestation', (envelope) => {
  expect(differing({ envelope })).toEqual([['envelope', null]]);
});

test('the statement is an in-toto test result, and only a pass is called one', () => {
  expect(statementSchema.parse(JSON.parse(JSON.stringify(statement)))).toEqual(statement);
  const of = (...verdicts: readonly AuditResult['verdicts'][number]['verdict'][]) =>
    stateResult(
      sampleResult({ verdicts: verdicts.map((verdict) => sampleVerdict({ verdict, defense: verdict })) }),
      [],
      { signedAt },
    ).predicate;
  expect(of('pass', 'fail')).toMatchObject({
    result: 'PASSED',
    passedTests: ['defense pass'],
    failedTests: ['defense fail'],
  });
  expect(of('fail').result).toBe('FAILED');
  for (const word of ['inconclusive', 'not-measured'] as const)
    expect(of(word)).toMatchObject({ result: 'WARNED', passedTests: [], warnedTests: [`defense ${word}`] });
});

test('a digest does not depend on the order of entries', () => {
  expect(digestOf({ a: 1, b: [1, 2] })).toBe(digestOf({ b: [1, 2], a: 1, c: undefined }));
  expect(digestOf({ a: [1, 2] })).not.toBe(digestOf({ a: [2, 1] }));
});

test('only Ed25519 keys sign', () => {
  const rsa = generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey;
  expect(readPrivateKey(String(rsa.export({ type: 'pkcs8', format: 'pem' })))).toBeUndefined();
  expect(readPrivateKey('no key')).toBeUndefined();
  expect(isSealedBy(envelopeOf(), publicKey)).toBe(true);
});
