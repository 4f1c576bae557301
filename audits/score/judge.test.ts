import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { verdictOf, world, type WorldOptions } from './judge.sample.ts';
import { judge } from './judge.ts';

/** A finished audit of one defense that keeps a default policy; options bend it. */
const judged = (options: WorldOptions = {}) => {
  const { input, facts } = world(options);
  return judge(input, facts);
};

describe('the verdict on a defense', () => {
  test('pass: every interval keeps its limit and everything a pass rests on has run', () => {
    const result = judged();
    expect(verdictOf(result, 'noise')).toMatchObject({ verdict: 'pass', missingAttacks: [] });
    expect(result.recommendation.defense).toBe('noise');
    expect(result.headline).toContain('2 000 queries (USD 0.20)');
  });

  test('fail: protection below the limit with its whole interval', () => {
    const result = judged({ defendedAccuracy: 0.72 });
    expect(verdictOf(result, 'noise')).toMatchObject({ verdict: 'fail', strongestAttack: 'plain' });
    expect(verdictOf(result, 'noise').reason).toContain('against at least 50 %');
    expect(result.recommendation.defense).toBeNull();
    expect(result.recommendation.sentence).toContain(
      'noise, cannot be recommended: it falls to a plain attack.',
    );
  });

  test('one strong attack is enough: the weak ones do not average it away', () => {
    const result = judged({ adaptiveAccuracy: 0.75 });
    expect(verdictOf(result, 'noise')).toMatchObject({ verdict: 'fail', strongestAttack: 'adaptive' });
    expect(result.findings.map(({ id }) => id)).toContain('defense-bypassed:noise');
  });

  test('fail: honest users lose more than allowed, however good the protection', () => {
    const result = judged({ honestAccuracy: 0.7 });
    expect(verdictOf(result, 'noise')).toMatchObject({ verdict: 'fail' });
    expect(verdictOf(result, 'noise').reason).toContain('honest-user loss');
    expect(result.findings.map(({ id }) => id)).toContain('defense-costs-honest-users:noise');
  });

  test('fail: neighbors of retrieval users are lost', () => {
    expect(verdictOf(judged({ recall: 0.6 }), 'noise').reason).toContain('recall@10 60 %');
  });

  test('fail takes precedence over everything that is missing', () => {
    const result = judged({ defendedAccuracy: 0.75, without: ['adaptive'] });
    expect(verdictOf(result, 'noise')).toMatchObject({ verdict: 'fail', missingAttacks: ['adaptive'] });
  });

  test('fail: an attack that lost a seed does not hide what another one took', () => {
    const result = judged({ adaptiveAccuracy: 0.75, stopped: { attack: 'plain', state: 'failed' } });
    expect(verdictOf(result, 'noise')).toMatchObject({ verdict: 'fail', strongestAttack: 'adaptive' });
  });

  test('a theft with more queries than the policy grants is no failure', () => {
    const verdict = verdictOf(judged({ policy: { budget: 100 }, defendedAccuracy: 0.75 }), 'noise');
    expect(verdict.verdict).toBe('not-measured');
    expect(verdict.reason).toContain('100 queries, 2 000 were judged');
  });

  test('inconclusive: the interval straddles the limit', () => {
    const result = judged({ defendedAccuracy: 0.525, adaptiveAccuracy: 0.4 });
    expect(verdictOf(result, 'noise').verdict).toBe('inconclusive');
  });

  test('an absolute bound on the stolen gain is judged beside the protection', () => {
    const strict = judged({ policy: { maxStolenGain: 0.1 }, defendedAccuracy: 0.45, adaptiveAccuracy: 0.45 });
    expect(verdictOf(strict, 'noise').verdict).toBe('fail');
    expect(verdictOf(strict, 'noise').reason).toContain('Stolen gain');
    expect(verdictOf(judged({ policy: { maxStolenGain: 0.4 } }), 'noise').verdict).toBe('pass');
  });

  test('not measured: a mandatory attack did not run', () => {
    const result = judged({ without: ['adaptive'] });
    expect(verdictOf(result, 'noise')).toMatchObject({
      verdict: 'not-measured',
      missingAttacks: ['adaptive'],
    });
    expect(result.flags.map(({ id }) => id)).toContain('adaptive-attack-missing');
  });

  test.each(['failed', 'not-run', 'pending', 'running'] as const)(
    'not measured: a %s cell never reads as a pass',
    (state) => {
      for (const attack of ['adaptive', 'plain']) {
        const verdict = verdictOf(judged({ stopped: { attack, state } }), 'noise');
        expect(verdict.verdict).toBe('not-measured');
      }
    },
  );

  test('not measured: an honest-user cell failed', () => {
    const verdict = verdictOf(judged({ honestFailed: true }), 'noise');
    expect(verdict.verdict).toBe('not-measured');
    expect(verdict.reason).toContain('honest users');
  });

  test("not measured: the policy's budget was not run, though a failure at less would count", () => {
    const result = judged({ policy: { budget: 5000 } });
    expect(verdictOf(result, 'noise').verdict).toBe('not-measured');
    expect(verdictOf(result, 'noise').reason).toContain('5 000 queries, 2 000 were judged');
    expect(verdictOf(judged({ policy: { budget: 5000 }, defendedAccuracy: 0.75 }), 'noise').verdict).toBe(
      'fail',
    );
  });

  test('not measured: a stateful defense did not meet the accounts of the policy, a stateless one need not', () => {
    expect(verdictOf(judged({ policy: { accounts: [1, 5] } }), 'noise').verdict).toBe('pass');
    const stateful = judged({ policy: { accounts: [1, 5] }, stateful: true });
    expect(verdictOf(stateful, 'noise')).toMatchObject({ verdict: 'not-measured' });
    expect(verdictOf(stateful, 'noise').reason).toBe('The policy asks for an attacker with 5 accounts.');
  });

  test('not measured: a mandatory attack that ran with one account alone, beside others that ran with all', () => {
    const result = judged({
      policy: { accounts: [1, 5] },
      accounts: [1, 5],
      without: ['adaptive/5'],
      stateful: true,
    });
    expect(verdictOf(result, 'noise')).toMatchObject({
      verdict: 'not-measured',
      missingAttacks: ['adaptive'],
      reason: 'Adaptive did not face it with every number of accounts the policy asks for.',
    });
  });

  test('not measured: attacks that steal too little undefended clear nothing', () => {
    const result = judged({ undefendedAccuracy: 0.4, defendedAccuracy: 0.31, adaptiveAccuracy: 0.31 });
    expect(verdictOf(result, 'noise').verdict).toBe('not-measured');
    expect(verdictOf(result, 'noise').reason).toContain('too weak');
    expect(result.flags.map(({ id }) => id)).toContain('weak-attacks');
  });

  test('not measured: a preset that may not clear a defense, with numbers that would pass', () => {
    const verdict = verdictOf(judged({ canPass: false }), 'noise');
    expect(verdict.verdict).toBe('not-measured');
    expect(verdict.reason).toContain('preset quick runs too little');
    expect(verdictOf(judged({ canPass: false, defendedAccuracy: 0.75 }), 'noise').verdict).toBe('fail');
  });

  test('not measured: two seeds give no interval', () => {
    const result = judged({ seeds: 2 });
    expect(verdictOf(result, 'noise').verdict).toBe('not-measured');
    expect(result.matrix.every(({ stolenGain }) => stolenGain === null || stolenGain.low === null)).toBe(
      true,
    );
    expect(result.flags.map(({ id }) => id)).toContain('too-few-repeats');
  });

  test('not measured: one seed gives no interval, and attacks that ran are not said to be unfinished', () => {
    const result = judged({ seeds: 1, policy: { accounts: [1, 5], budget: 5000 }, stateful: true });
    expect(verdictOf(result, 'noise')).toMatchObject({
      verdict: 'not-measured',
      reason:
        'One seed gives no interval, a pass needs at least 3; the policy asks for 5 000 queries, 2 000 were judged.',
    });
  });

  test('no defense protects by zero and fails once the theft is shown', () => {
    expect(verdictOf(judged(), 'none')).toMatchObject({ verdict: 'fail', protection: { value: 0 } });
  });
});

test('not measured: a mandatory attack with a public backbone, without the control that fits it', () => {
  const result = judged({ backboneAttack: 0.7, backboneOnDefense: 0.35 });
  expect(verdictOf(result, 'noise').verdict).toBe('not-measured');
  expect(verdictOf(result, 'noise').reason).toContain('No control with the public backbone');
});

describe('stolen gain in the matrix', () => {
  test('a surrogate at the level of the control steals nothing, a copy of the victim everything', () => {
    const result = judged({ undefendedAccuracy: 0.8, defendedAccuracy: 0.3, adaptiveAccuracy: 0.3 });
    const gain = (attack: string, defense: string) =>
      result.matrix.find((cell) => cell.attack === attack && cell.defense === defense)?.stolenGain;
    expect(gain('plain', 'none')?.value).toBeCloseTo(1, 1);
    const nothing = gain('plain', 'noise');
    expect(nothing?.low).toBeLessThanOrEqual(0);
    expect(nothing?.high).toBeGreaterThanOrEqual(0);
    expect(verdictOf(result, 'noise').protection?.value).toBeGreaterThan(0.9);
  });

  test('is undefined and flagged where the victim is no better than the baseline', () => {
    const result = judged({ victimAccuracy: 0.3 });
    expect(result.matrix.every(({ stolenGain }) => stolenGain === null)).toBe(true);
    expect(result.matrix.find(({ attack }) => attack === 'plain')?.reason).toContain('nothing to steal');
    expect(result.flags).toContainEqual(
      expect.objectContaining({ id: 'nothing-to-steal', severity: 'invalidates', scope: 'task:animals' }),
    );
    expect(verdictOf(result, 'noise').verdict).toBe('not-measured');
    expect(verdictOf(result, 'none').verdict).toBe('not-measured');
    expect(verdictOf(result, 'noise').reason).toContain('nothing to steal');
    expect(verdictOf(result, 'noise').missingAttacks).toEqual([]);
  });

  test('an attacker with a public backbone is measured against what the backbone gives for nothing', () => {
    const result = judged({ backboneAccuracy: 0.7, backboneAttack: 0.7 });
    const cell = result.matrix.find(({ attack, defense }) => attack === 'stitching' && defense === 'none');
    expect(Math.abs(cell?.stolenGain?.value ?? 1)).toBeLessThan(0.1);
    const plain = result.matrix.find(({ attack, defense }) => attack === 'plain' && defense === 'none');
    expect(plain?.stolenGain?.value).toBeGreaterThan(0.7);
    expect(result.baselines[0]?.noVictimVariant).toContain('control-backbone');
  });

  test('the worst task decides', () => {
    const result = judged({ tasks: ['animals', 'cars'], secondTaskAccuracy: 0.75 });
    expect(verdictOf(result, 'noise').verdict).toBe('fail');
    expect(result.matrix).toHaveLength(2 * 4);
  });

  test('a failed cell keeps its place with its error code', () => {
    const cell = judged({ stopped: { attack: 'adaptive', state: 'failed' } }).matrix.find(
      ({ attack, defense }) => attack === 'adaptive' && defense === 'noise',
    );
    expect(cell).toMatchObject({
      state: 'failed',
      seedsDone: 2,
      seedsPlanned: 3,
      errorCode: 'training-diverged',
    });
  });
});

test('a copy’s mark score stands in the matrix with its interval over seeds, and nowhere else', () => {
  const { input, facts } = world({ tasks: ['animals', 'plants'] });
  const measurements = new Map(
    [...input.measurements].map(([key, entries]) => {
      const [attack, , seed] = key.split('/');
      const mark = { metric: 'mark-score', task: null, value: 0.5 + Number(seed) / 10, n: 1000 };
      return [key, attack === 'adaptive' ? [...entries, { ...mark, unit: 'ratio' as const }] : entries];
    }),
  );
  const { matrix } = judge({ ...input, measurements }, facts);
  const marked = matrix.filter(({ markScore }) => markScore !== undefined);
  expect(marked.map(({ attack, task }) => [attack, task])).toEqual([
    ['adaptive', 'animals'],
    ['adaptive', 'plants'],
  ]);
  // Three seeds 0.1 apart: the middle one, and 4.303 times 0.1 / sqrt(3) to both sides.
  for (const { markScore } of marked) {
    const { value = 0, low = 0, high = 0 } = markScore ?? {};
    expect((high ?? 0) - value).toBeCloseTo(0.248, 2);
    expect(value - (low ?? 0)).toBeCloseTo(0.248, 2);
  }
});

test('the order of the cells changes nothing', () => {
  const { input, facts } = world({ tasks: ['animals', 'cars'] });
  const expected = judge(input, facts);
  fc.assert(
    fc.property(fc.shuffledSubarray([...input.cells], { minLength: input.cells.length }), (cells) => {
      expect(judge({ ...input, cells }, facts)).toEqual(expected);
    }),
    { numRuns: 3 },
  );
});

test('a theft of half the advantage or more is a critical finding that names its cells', () => {
  const finding = judged().findings.find(({ id }) => id === 'encoder-extractable');
  expect(finding).toMatchObject({ severity: 'critical', confidence: 'certain' });
  expect(finding?.cellKeys).toHaveLength(3);
});

test('two defenses whose losses cannot be told apart are tied', () => {
  const { recommendation } = judged({ defenses: ['noise', 'rounding'] });
  expect(recommendation.sentence).toMatch(/^Switch on (noise|rounding):.*Tied with (noise|rounding)/);
});
