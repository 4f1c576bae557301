import { expect, test } from 'vitest';
import type { QueryCurve } from '../../audits/contract/result.ts';
import type { MetricChange } from '../../audits/report/compare/compare-results.ts';
import { countWords, isTelling, orderedChanges, pairCurves, spellDelta, subjectOf } from './changes.ts';

const change = (part: Partial<MetricChange>): MetricChange => ({
  kind: 'attack',
  attack: null,
  defense: null,
  budget: null,
  accounts: null,
  task: null,
  user: null,
  metric: 'stolen-gain',
  before: null,
  after: null,
  delta: 0,
  low: null,
  high: null,
  word: 'no-evidence',
  reason: null,
  ...part,
});

test('what got worse comes first, whole defenses before cells, large before small', () => {
  const ordered = orderedChanges([
    change({ word: 'better', metric: '4' }),
    change({ word: 'worse', delta: 0.1, metric: '3' }),
    change({ word: 'worse', delta: -0.4, metric: '2' }),
    change({ word: 'worse', kind: 'defense', delta: 0.01, metric: '1' }),
  ]);
  expect(ordered.map(({ metric }) => metric)).toEqual(['1', '2', '3', '4']);
});

test('every change is shown, and of what cannot be compared whole defenses alone', () => {
  expect(isTelling({ word: 'worse', kind: 'attack' })).toBe(true);
  expect(isTelling({ word: 'no-evidence', kind: 'defense' })).toBe(false);
  expect(isTelling({ word: 'not-comparable', kind: 'attack' })).toBe(false);
  expect(isTelling({ word: 'not-comparable', kind: 'defense' })).toBe(true);
  expect(countWords([change({}), change({ word: 'worse' })])).toEqual([
    ['worse', 1],
    ['no-evidence', 1],
  ]);
});

test('a row says what it is about', () => {
  expect(
    subjectOf(
      change({ attack: 'averaging', defense: 'none', budget: 2000, accounts: 1, task: 'cifar10' }),
    ).replaceAll('\u202f', ' '),
  ).toBe('averaging, on no defense, 2 000 queries, task cifar10');
});

test('a difference has its sign', () => {
  expect([0.25, -0.25, 0].map((delta) => spellDelta(delta))).toEqual(['+0.250', '\u22120.250', '0.000']);
});

const curve = (defense: string, attack: string | null = null): QueryCurve => ({
  defense,
  attack,
  accounts: null,
  points: [
    {
      budget: 500,
      stolenGain: { value: 0.5, low: null, high: null, unit: 'fraction', seeds: 1, items: 0, method: '' },
    },
  ],
  area: null,
  crossings: [],
});

test('curves are laid over each other where both sides have one', () => {
  const whole = { before: null, after: null };
  const pairs = pairCurves(
    [curve('none'), curve('a')],
    [curve('none'), curve('b'), curve('a', 'averaging')],
    whole,
  );
  expect(pairs.map(({ title }) => title)).toEqual(['no defense']);
  expect(pairs[0]?.curves.map(({ label }) => label)).toEqual(['before', 'after']);
});

test('of two defenses it is theirs', () => {
  const curves = [curve('none'), curve('a'), curve('b')];
  const pairs = pairCurves(curves, curves, { before: 'a', after: 'b' });
  expect(pairs.map(({ curves: [first, second] }) => [first?.curve.defense, second?.curve.defense])).toEqual([
    ['a', 'b'],
  ]);
});
