import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { defenseOf, fingerprintOf, kindOf } from './finding-identity.ts';

test('every kind of finding that is written has a title of its own', () => {
  const source = readFileSync(path.join(import.meta.dirname, '../score/findings.ts'), 'utf8');
  const kinds = [...source.matchAll(/\bid: [`']([a-z-]+)/g)].map(([, kind = '']) => kind);
  expect(kinds.length).toBeGreaterThanOrEqual(4);
  for (const id of kinds) expect(kindOf({ id }).explanation, id).not.toMatch(/^See the message/);
});

test('a configuration with colons belongs to the defense, not to the kind', () => {
  const id = 'defense-bypassed:gaussian-noise:sigma=0.1';
  expect(kindOf({ id }).id).toBe('defense-bypassed');
  expect(defenseOf({ id })).toBe('gaussian-noise:sigma=0.1');
  expect(fingerprintOf({ id })).not.toBe(fingerprintOf({ id: 'defense-bypassed:gaussian-noise' }));
});
