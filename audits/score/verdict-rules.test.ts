import { describe, expect, test } from 'vitest';
import { verdictOf, world, type WorldOptions } from './judge.sample.ts';
import { judge } from './judge.ts';
import { recommend } from './recommendation.ts';

/** One planted audit for each rule of a verdict that `judge.test.ts` does not tell already. */

const judged = (options: WorldOptions) => {
  const { input, facts } = world(options);
  return judge(input, facts);
};

describe('protection is the worst over tasks', () => {
  // animals: gains 0.9 undefended, 0.24 defended; plants: 0.4 and 0.4, nothing protected.
  const options: WorldOptions = {
    tasks: ['animals', 'plants'],
    secondTaskUndefended: 0.5,
    secondTaskAccuracy: 0.5,
  };

  test('a task on which nothing is protected is not hidden by one on which more can be stolen', () => {
    const verdict = verdictOf(judged(options), 'noise');
    expect(verdict.verdict).toBe('fail');
    expect(verdict.protection?.value).toBeLessThan(0.1);
    expect(verdict.protection?.low).toBeLessThan(0.05);
  });

  test('and with one task the same numbers are those of that task', () => {
    const verdict = verdictOf(judged({}), 'noise');
    expect(verdict.protection?.value).toBeCloseTo(1 - 0.24 / 0.9, 1);
  });
});

describe('a linear map of a public encoder is judged by its neighbors too', () => {
  const options: WorldOptions = { backboneAccuracy: 0.5, backboneAttack: 0.5, backboneOnDefense: 0.5 };
  const stitching = (more: WorldOptions) =>
    judged({ ...options, ...more }).matrix.find(
      ({ attack, defense }) => attack === 'stitching' && defense === 'none',
    );

  test('its probe reads the backbone and nothing else: no gain', () => {
    expect(Math.abs(stitching({})?.stolenGain?.value ?? 1)).toBeLessThan(0.05);
  });

  test('its stolen gain is the largest over the measures, and each is told', () => {
    const cell = stitching({ backboneKnn: 0.7 });
    const by = Object.fromEntries(
      cell?.gains.map(({ measure, stolenGain }) => [measure, stolenGain.value]) ?? [],
    );
    expect(by['knn']).toBeCloseTo((0.7 - 0.45) / (0.75 - 0.45), 1);
    expect(Math.abs(by['probe'] ?? 1)).toBeLessThan(0.05);
    expect(cell?.stolenGain?.value).toBeCloseTo(by['knn'] ?? 0, 9);
  });

  test('other attacks are judged by the probe alone', () => {
    const plain = judged(options).matrix.find(
      ({ attack, defense }) => attack === 'plain' && defense === 'none',
    );
    expect(plain?.gains.map(({ measure }) => measure)).toEqual(['probe']);
  });
});

describe('what can never pass', () => {
  test('a recorded table of replies, however good its numbers', () => {
    const verdict = verdictOf(judged({ recorded: true }), 'noise');
    expect(verdict.verdict).toBe('not-measured');
    expect(verdict.reason).toContain('cannot be attacked adaptively');
  });

  test('recorded replies that protect too little still fail', () => {
    expect(verdictOf(judged({ recorded: true, defendedAccuracy: 0.74 }), 'noise').verdict).toBe('fail');
  });
});

describe('a defense that knows accounts', () => {
  const options: WorldOptions = { stateful: true, accounts: [1, 5], policy: { accounts: [1, 5] } };

  test('passes when every mandatory attack ran at every number of accounts of the policy', () => {
    expect(verdictOf(judged(options), 'noise')).toMatchObject({ verdict: 'pass', missingAttacks: [] });
  });

  test('does not pass when one of them ran with a single account only', () => {
    const verdict = verdictOf(judged({ ...options, without: ['adaptive/5'] }), 'noise');
    expect(verdict).toMatchObject({ verdict: 'not-measured', missingAttacks: ['adaptive'] });
  });
});

describe('honest users of every size and breadth', () => {
  test('the worst of those that count decides', () => {
    const verdict = verdictOf(judged({ users: { 'broad-1000': 0.8, 'narrow-1000': 0.7 } }), 'noise');
    expect(verdict.verdict).toBe('fail');
    expect(verdict.worstHonestLoss?.value).toBeCloseTo(0.1, 9);
    expect(verdict.honest.map(({ breadth, rows, isCounted }) => [breadth, rows, isCounted])).toEqual([
      ['broad', 4000, true],
      ['broad', 1000, true],
      ['narrow', 1000, true],
    ]);
  });

  test('a user with fewer images than the policy counts is told, not judged', () => {
    const verdict = verdictOf(judged({ users: { 'broad-100': 0.7 } }), 'noise');
    expect(verdict.verdict).toBe('pass');
    expect(verdict.honest[1]).toMatchObject({ rows: 100, isCounted: false });
    expect(verdict.honest[1]?.probeLoss?.value).toBeCloseTo(0.1, 9);
    const strict = judged({ users: { 'broad-100': 0.7 }, policy: { minHonestRows: 100 } });
    expect(verdictOf(strict, 'noise').verdict).toBe('fail');
  });
});

describe('the recommendation', () => {
  test('names those that cannot be told apart as tied', () => {
    const { recommendation } = judged({ defenses: ['noise', 'rounding'] });
    expect(recommendation.defense).toBe('noise');
    expect(recommendation.sentence).toContain('Tied with rounding');
  });

  const several = ['noise', 'rounding'];
  const reasons: readonly (readonly [sentence: string, options: WorldOptions])[] = [
    ['2 failed (2 fall to a plain attack).', { defendedAccuracy: 0.72 }],
    ['2 failed (2 fall to attacks made for them).', { adaptiveAccuracy: 0.75 }],
    ['2 failed (2 cost honest users too much).', { honestAccuracy: 0.7 }],
    ['2 inconclusive (2 are too close to a limit to tell).', { defendedAccuracy: 0.52, lastSeedShift: 0.05 }],
    [
      '2 not cleared by what ran (2 did not face every attack that they must).',
      { stopped: { attack: 'adaptive', state: 'failed' } },
    ],
    ['2 not cleared by what ran.', { canPass: false }],
  ];
  test.each(reasons)('where none passes says why: %s', (sentence, options) => {
    const { recommendation, headline } = judged({ defenses: several, ...options });
    expect(recommendation).toEqual({
      defense: null,
      sentence: `None of the 2 audited defenses can be recommended: ${sentence}`,
    });
    expect(headline).toContain(recommendation.sentence);
  });

  test('tells the most frequent reason first, and of a single defense all of them', () => {
    const options: WorldOptions = { adaptiveAccuracy: 0.75, honestAccuracy: 0.7 };
    const single = judged(options);
    expect(single.recommendation.sentence).toBe(
      'The one audited defense, noise, cannot be recommended: it falls to an attack made for it and costs honest users too much.',
    );
    const [undefended, noise] = single.verdicts;
    if (undefended === undefined || noise === undefined) throw new Error('no verdicts');
    const policy = world(options).input.config.policy;
    const harmless = { ...noise, defense: 'rounding', worstStolenGain: null, protection: null };
    const both = recommend([undefended, noise, harmless], { policy, judgedBudget: policy.budget });
    expect(both.sentence).toContain(
      '2 failed (2 cost honest users too much, 1 falls to an attack made for it).',
    );
    // Theft with more queries than the policy counts fails nobody.
    const beyond = recommend([undefended, noise, harmless], { policy, judgedBudget: policy.budget + 1 });
    expect(beyond.sentence).toContain('2 failed (2 cost honest users too much).');
  });
});

describe('an attack that needs more accounts than one', () => {
  const options: WorldOptions = {
    stateful: true,
    accounts: [1, 5],
    adaptiveAccounts: 2,
    policy: { accounts: [1, 5] },
  };

  test('passes once it ran with those it can be played with', () => {
    expect(verdictOf(judged(options), 'noise')).toMatchObject({ verdict: 'pass', missingAttacks: [] });
  });

  test('is missing where the policy’s attacker has the accounts and none of its cells ran', () => {
    const verdict = verdictOf(judged({ ...options, without: ['adaptive/5'] }), 'noise');
    expect(verdict).toMatchObject({ verdict: 'not-measured', missingAttacks: ['adaptive'] });
  });

  test('is nothing to face where the policy’s attacker has a single account', () => {
    const alone = judged({ ...options, accounts: [1], policy: { accounts: [1] } });
    expect(verdictOf(alone, 'noise')).toMatchObject({ verdict: 'pass', missingAttacks: [] });
    // But it must have been planned: an attack nobody thought of is not faced.
    const forgotten = judged({
      ...options,
      accounts: [1],
      policy: { accounts: [1] },
      without: ['adaptive'],
    });
    expect(verdictOf(forgotten, 'noise').verdict).toBe('not-measured');
  });
});

describe('seeds that a time limit left out', () => {
  test('three that finished are enough, and the matrix and a flag say how many there are', () => {
    const result = judged({ seeds: 5, leftOutSeeds: 2 });
    expect(verdictOf(result, 'noise').verdict).toBe('pass');
    const cell = result.matrix.find(({ attack, defense }) => attack === 'plain' && defense === 'noise');
    expect(cell).toMatchObject({ state: 'done', seedsDone: 3, seedsPlanned: 5 });
    expect(result.flags.find(({ id }) => id === 'time-limit')?.sentence).toMatch(/fewer than asked/);
  });

  test('two are not', () => {
    const result = judged({ seeds: 5, leftOutSeeds: 3 });
    expect(verdictOf(result, 'noise').verdict).toBe('not-measured');
    expect(result.matrix.find(({ defense }) => defense === 'noise')?.state).toBe('not-run');
  });

  test('a control that was cut short takes no interval from what was measured', () => {
    const result = judged({ cutShortControl: 0.35 });
    expect(verdictOf(result, 'noise').verdict).toBe('pass');
    expect(result.baselines[0]?.noVictimVariant).toBe('control-random');
    expect(result.matrix.find(({ attack }) => attack === 'control-slow')?.state).toBe('not-run');
  });
});
