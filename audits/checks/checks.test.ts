import { describe, expect, test } from 'vitest';
import type { Flag } from '../contract/result.ts';
import { judge } from '../score/judge.ts';
import { world, type WorldOptions } from '../score/judge.sample.ts';
import { checks } from './registry.ts';

const flagsOf = (options: WorldOptions, id: string): readonly Flag[] => {
  const { input, facts } = world({ items: 500, ...options });
  return judge(input, facts).flags.filter((flag) => flag.id === id);
};

/** One row per check: an audit that must raise it. The audit without options must raise none of them. */
const rows: readonly {
  readonly id: string;
  readonly raised: WorldOptions;
  readonly severity: Flag['severity'];
  readonly scope: string | RegExp;
}[] = [
  {
    id: 'weak-attacks',
    raised: { undefendedAccuracy: 0.305, defendedAccuracy: 0.3, adaptiveAccuracy: 0.3 },
    severity: 'invalidates',
    scope: 'audit',
  },
  { id: 'probe-at-chance', raised: { victimAccuracy: 0.09 }, severity: 'invalidates', scope: 'task:animals' },
  { id: 'nothing-to-steal', raised: { victimAccuracy: 0.3 }, severity: 'invalidates', scope: 'task:animals' },
  {
    id: 'training-failed',
    raised: { stopped: { attack: 'plain', state: 'failed' } },
    severity: 'weakens',
    scope: 'audit',
  },
  {
    id: 'not-converged',
    raised: { diagnostics: { lateLossShare: 0.2 } },
    severity: 'weakens',
    scope: 'audit',
  },
  { id: 'dimension-mismatch', raised: { replyBytes: 16 }, severity: 'note', scope: 'defense:noise' },
  {
    id: 'saturated-p-value',
    raised: {
      victimMeasurements: [
        { metric: 'distance-test-p-value', task: null, value: 0.05, unit: 'fraction', n: 19 },
      ],
    },
    severity: 'note',
    scope: /^cell:victim/,
  },
  { id: 'smaller-batch', raised: { askedBatch: 64 }, severity: 'weakens', scope: 'audit' },
  { id: 'time-limit', raised: { seeds: 5, leftOutSeeds: 1 }, severity: 'weakens', scope: 'audit' },
  { id: 'too-few-repeats', raised: { seeds: 2 }, severity: 'weakens', scope: 'audit' },
  {
    id: 'adaptive-attack-missing',
    raised: { without: ['adaptive'] },
    severity: 'weakens',
    scope: 'defense:noise',
  },
  {
    id: 'adaptive-worse-than-plain',
    raised: { defendedAccuracy: 0.6, adaptiveAccuracy: 0.35 },
    severity: 'weakens',
    scope: 'defense:noise',
  },
  { id: 'noise-scale', raised: { noise: { sigma: 50 } }, severity: 'weakens', scope: 'defense:noise' },
  {
    id: 'dominant-seed',
    raised: { lastSeedShift: -0.15 },
    severity: 'weakens',
    scope: /^cell:plain\/none\/2$/,
  },
  {
    id: 'non-deterministic-victim',
    raised: {
      preflight: {
        dimension: 8,
        images: 16,
        checks: [
          { id: 'determinism', status: 'warning', sentence: 'Two runs differ by 0.1.', figures: {} },
          { id: 'norms', status: 'warning', sentence: 'Norms vary.', figures: {} },
        ],
      },
    },
    severity: 'weakens',
    scope: 'victim',
  },
  {
    id: 'unresolvable-policy',
    raised: { items: 40, honestAccuracy: 0.75 },
    severity: 'weakens',
    scope: 'defense:noise',
  },
  { id: 'pool-duplicates', raised: { uniqueShare: 0.8 }, severity: 'note', scope: 'audit' },
];

describe('validity checks', () => {
  test('every check has a row', () => {
    expect(rows.map(({ id }) => id).toSorted()).toEqual(checks.map(({ id }) => id).toSorted());
  });

  test.each(rows)('$id is raised where it must be', ({ id, raised, severity, scope }) => {
    const [flag] = flagsOf(raised, id);
    expect(flag).toMatchObject({ severity });
    expect(flag?.scope).toMatch(scope);
    expect(flag?.sentence).toMatch(/^.{20,}\.$/);
  });

  test('a sound audit raises none', () => {
    const { input, facts } = world({ items: 500 });
    expect(judge(input, facts).flags).toEqual([]);
  });

  test('an attack that launders a copy may steal less than a plain one', () => {
    const weaker = { defendedAccuracy: 0.6, adaptiveAccuracy: 0.35 };
    expect(flagsOf(weaker, 'adaptive-worse-than-plain')).toHaveLength(1);
    expect(flagsOf({ ...weaker, launders: true }, 'adaptive-worse-than-plain')).toEqual([]);
  });

  test('a weak attack that still steals something weakens, no more', () => {
    const [flag] = flagsOf(
      { undefendedAccuracy: 0.4, defendedAccuracy: 0.3, adaptiveAccuracy: 0.3 },
      'weak-attacks',
    );
    expect(flag).toMatchObject({ severity: 'weakens' });
  });

  test('a p-value above the floor of its test is not saturated', () => {
    const victimMeasurements = [
      { metric: 'distance-test-p-value', task: null, value: 0.05, unit: 'fraction' as const, n: 59 },
    ];
    expect(flagsOf({ victimMeasurements }, 'saturated-p-value')).toEqual([]);
  });

  test('absolute noise is read off what it did to the neighbors', () => {
    const absolute = { scale: 'absolute', sigma: 3 };
    expect(flagsOf({ noise: absolute, recall: 0.01 }, 'noise-scale')[0]?.sentence).toContain('far above');
    expect(flagsOf({ noise: absolute, recall: 1 }, 'noise-scale')[0]?.sentence).toContain('far below');
    expect(flagsOf({ noise: absolute, recall: 0.7 }, 'noise-scale')).toEqual([]);
  });

  test('flags of the preparation come first in their severity and are not repeated', () => {
    const prepared: Flag = {
      id: 'pool-duplicates',
      severity: 'note',
      scope: 'audit',
      sentence: 'Seen before.',
    };
    expect(flagsOf({ flags: [prepared], uniqueShare: 0.8 }, 'pool-duplicates')).toEqual([prepared]);
  });
});
