import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { defenses } from '../../defenses/registry.ts';
import { sampleCell, sampleResult, sampleVerdict } from '../result.sample.ts';
import { crosswalk, crosswalkDisclaimer, crosswalkRules, mitigationsOf } from './crosswalk.ts';
import { defenseMitigations } from './defense-mitigations.ts';
import { standards } from './standards.ts';

interface PublishedList {
  readonly version: string;
  readonly entries: Readonly<Record<string, string>>;
}

const published = (id: string): PublishedList => {
  const file = path.join(import.meta.dirname, `../../../test/fixtures/standards/${id}.json`);
  return JSON.parse(readFileSync(file, 'utf8')) as PublishedList;
};

test.each(['mitre-atlas', 'owasp-ml', 'owasp-llm'])('%s has every id that is cited, by that name', (id) => {
  const list = published(id);
  expect(standards.find((standard) => standard.id === id)?.version).toBe(list.version);
  const cited = crosswalkRules.filter(({ standard }) => standard === id);
  expect(cited.length).toBeGreaterThan(0);
  for (const entry of cited) expect(list.entries[entry.id], entry.id).toBe(entry.name);
});

test('every entry belongs to a standard that is listed', () => {
  const known = new Set<string>(standards.map(({ id }) => id));
  for (const { standard } of crosswalkRules) expect(known).toContain(standard);
});

test('every defense that ships says which mitigations it is', () => {
  expect(Object.keys(defenseMitigations).sort()).toEqual(defenses.map(({ meta }) => meta.id).sort());
  const cited = new Set(crosswalkRules.map(({ id }) => id));
  for (const id of Object.values(defenseMitigations).flat()) expect(cited).toContain(id);
});

test('nothing claims compliance', () => {
  const claims = /\b(compl(y|ies|iant|iance)|certif\w+|conform\w*|fulfil\w*|satisf\w+|guarantee\w*)\b/i;
  for (const { relation, caveat } of crosswalkRules)
    expect(`${relation} ${caveat ?? ''}`).not.toMatch(claims);
  expect(crosswalkDisclaimer).toMatch(/is not a statement of compliance/);
});

test('entries name what was played and audited, and only what ended', () => {
  const { entries } = crosswalk(
    sampleResult({
      matrix: [
        sampleCell({ attack: 'direct-extraction', accounts: 1 }),
        sampleCell({ attack: 'sybil-remap', accounts: 5 }),
        sampleCell({ attack: 'backbone-stitching', accounts: 1 }),
        sampleCell({ attack: 'no-victim', budget: 0 }),
        sampleCell({ attack: 'rda', state: 'failed', stolenGain: null }),
      ],
      verdicts: ['none', 'rounding:decimals=1+quota', 'espew'].map((defense) => sampleVerdict({ defense })),
    }),
  );
  const of = (id: string) => entries.find((entry) => entry.id === id);
  expect(of('AML.T0024.002')?.attacks).toEqual(['direct-extraction', 'sybil-remap', 'backbone-stitching']);
  expect(of('AML.T0021')?.attacks).toEqual(['sybil-remap']);
  expect(of('AML.T0005.002')?.attacks).toEqual(['backbone-stitching']);
  for (const id of ['AML.M0002', 'AML.M0004'])
    expect(of(id)?.defenses).toEqual(['rounding:decimals=1+quota']);
  expect(of('AML.M0015')?.defenses).toEqual([]);
  expect(mitigationsOf('espew')).toEqual([]);
  expect(mitigationsOf('rounding+quota').map(({ id }) => id)).toEqual(['AML.M0002', 'AML.M0004']);
});
