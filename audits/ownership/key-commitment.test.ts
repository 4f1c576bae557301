import { expect, test } from 'vitest';
import { checkCommitment, commitToKey } from './key-commitment.ts';

const salt = '00112233445566778899aabbccddeeff';
const secret = { test: 'watermark-success-rate', key: 'f00d', images: ['a', 'b'] };
const committed = commitToKey(secret, salt, new Date('2026-01-01T00:00:00Z'));
const later = new Date('2026-02-01T00:00:00Z');

test('what was committed to before the suspect was seen holds, in whatever order its parts are written', () => {
  const reordered = { images: ['a', 'b'], key: 'f00d', test: 'watermark-success-rate' };
  expect(checkCommitment(committed, { secret: reordered, salt }, later)).toEqual({
    holds: true,
    complaints: [],
  });
});

test.each([
  ['another key', { secret: { ...secret, key: 'beef' }, salt }, later, /not what was committed to/],
  ['another salt', { secret, salt: salt.replace('0', '1') }, later, /not what was committed to/],
  ['a suspect seen before', { secret, salt }, new Date('2025-12-31T00:00:00Z'), /too late/],
  ['a suspect seen at that moment', { secret, salt }, new Date('2026-01-01T00:00:00Z'), /too late/],
])('%s does not hold', (_name, revealed, seen, complaint) => {
  const { holds, complaints } = checkCommitment(committed, revealed, seen);
  expect(holds).toBe(false);
  expect(complaints.join(' ')).toMatch(complaint);
});

test('a time that is none, and another scheme, do not hold', () => {
  expect(checkCommitment({ ...committed, committedAt: 'yesterday' }, { secret, salt }, later).holds).toBe(
    false,
  );
  expect(checkCommitment({ ...committed, scheme: 'md5' }, { secret, salt }, later).holds).toBe(false);
});

test.each(['', 'abcd', 'g'.repeat(32)])('the salt %j is refused', (short) => {
  expect(() => commitToKey(secret, short, later)).toThrow(RangeError);
});
