import { describe, expect, test } from 'vitest';
import { createRng } from '../rng.ts';
import { claimsAtSuspect, claimsLeftOut, falseClaimRate } from './false-claim-rate.ts';
import { jointClaim, type ScoredTest } from './joint-claim.ts';
import { withinFigures } from './judge.ts';
import {
  compareWithNull,
  defaultRule,
  encodersForPower,
  isClaimed,
  rankTestPower,
} from './null-distribution.ts';

const normals = (count: number, seed: string): readonly number[] => {
  const rng = createRng(seed);
  return Array.from({ length: count }, () => rng.normal());
};

describe('a suspect among independent encoders', () => {
  test('p is its rank: one more than those that reach it, of one more than all', () => {
    expect(compareWithNull(5, [1, 2, 3, 4])).toMatchObject({ p: 1 / 5, reached: 0, saturated: true });
    expect(compareWithNull(3, [1, 2, 3, 4])).toMatchObject({ p: 3 / 5, reached: 2, saturated: false });
    expect(compareWithNull(0, [1, 2, 3, 4])).toMatchObject({ p: 1 });
  });

  test('however far out, m encoders give no less than 1 / (m + 1)', () => {
    for (const m of [1, 19, 59]) expect(compareWithNull(1e9, normals(m, 'far')).p).toBe(1 / (m + 1));
  });

  test('the effect counts deviations between encoders, corrected for their small number', () => {
    const { effect } = compareWithNull(10, [1, 2, 3]);
    expect(effect).toBeCloseTo((1 - 3 / 7) * 8, 12);
    expect(compareWithNull(10, [1, 2]).effect).toBeNull();
    expect(compareWithNull(10, [1, 1, 1]).effect).toBeNull();
  });

  test('without an effect no claim is made, and without 19 encoders neither', () => {
    expect(
      isClaimed(
        compareWithNull(
          10,
          Array.from({ length: 30 }, () => 1),
        ),
        defaultRule,
      ),
    ).toBe(false);
    expect(isClaimed(compareWithNull(100, normals(18, 'few')), defaultRule)).toBe(false);
    expect(isClaimed(compareWithNull(100, normals(19, 'few')), defaultRule)).toBe(true);
  });

  test('an honest suspect has p <= 0.05 once in twenty and is claimed far less often', () => {
    const trials = 2000;
    const comparisons = Array.from({ length: trials }, (_, i) => {
      const [suspect = 0, ...others] = normals(20, `honest ${i}`);
      return compareWithNull(suspect, others);
    });
    const share = (count: number): number => count / trials;
    expect(share(comparisons.filter(({ p }) => p <= 0.05).length)).toBeCloseTo(0.05, 1.6);
    expect(share(comparisons.filter((each) => isClaimed(each, defaultRule)).length)).toBeLessThan(0.015);
  });
});

describe('power of the rank', () => {
  test('without an effect it is the share of ranks that may be claimed', () => {
    expect(rankTestPower(0, 19, 0.05)).toBeCloseTo(1 / 20, 6);
    expect(rankTestPower(0, 59, 0.05)).toBeCloseTo(3 / 60, 6);
    expect(rankTestPower(0, 18, 0.05)).toBe(0);
  });

  test('grows with the effect and with encoders, and says how many are needed', () => {
    const byEffect = [0, 1, 2, 3, 4].map((effect) => rankTestPower(effect, 19, 0.05));
    expect(byEffect).toEqual(byEffect.toSorted((a, b) => a - b));
    expect(rankTestPower(2.6, 199, 0.05)).toBeGreaterThan(rankTestPower(2.6, 19, 0.05));
    const needed = encodersForPower(2.8, 0.8, 0.05) ?? 0;
    expect(rankTestPower(2.8, needed, 0.05)).toBeGreaterThanOrEqual(0.8);
    expect(rankTestPower(2.8, needed - 20, 0.05)).toBeLessThan(0.8);
    // Eight of ten of these lie below the quantile that any number of encoders would find.
    expect(encodersForPower(2.4, 0.8, 0.05)).toBeNull();
  });
});

describe('false claims', () => {
  test.each([
    [0, 10, 0.2589],
    [0, 20, 0.1391],
    [0, 59, 0.0495],
    [0, 300, 0.00994],
  ])('%i of %i bounds the rate at %f', (claimed, encoders, bound) => {
    expect(falseClaimRate(claimed, encoders).upperBound).toBeCloseTo(bound, 4);
  });

  test('claiming what is at least as alike counts the encoders that are', () => {
    expect(claimsAtSuspect(3, [1, 2, 3, 4])).toMatchObject({ claimed: 2, encoders: 4, rate: 0.5 });
  });

  test('one encoder far off is accused by the others, ordinary ones are not', () => {
    expect(claimsLeftOut(normals(20, 'ordinary'), defaultRule).claimed).toBe(0);
    expect(claimsLeftOut([...normals(20, 'ordinary'), 50], defaultRule).claimed).toBe(1);
  });
});

describe('one claim from several keys', () => {
  /** Keys whose scores have half their variance in common. */
  const drawKeys = (keys: number, encoders: number, seed: string): readonly ScoredTest[] => {
    const common = normals(encoders + 1, `${seed} common`);
    return Array.from({ length: keys }, (_, key) => {
      const [suspect = 0, ...independent] = normals(encoders + 1, `${seed} key ${key}`).map(
        (own, i) => own + (common[i] ?? 0),
      );
      return { name: `key ${key}`, suspect, independent };
    });
  };

  test('picking the best of eight keys accuses one honest encoder in four, the joint p one in twenty', () => {
    const trials = 300;
    let picked = 0;
    let joint = 0;
    for (let i = 0; i < trials; i++) {
      const keys = drawKeys(8, 19, `trial ${i}`);
      if (keys.some(({ suspect, independent }) => compareWithNull(suspect, independent).p <= 0.05)) picked++;
      if ((jointClaim(keys)?.comparison.p ?? 1) <= 0.05) joint++;
    }
    expect(picked / trials).toBeGreaterThan(0.15);
    expect(joint / trials).toBeLessThan(0.09);
  });

  test('names the key in which the suspect stands out, and needs three encoders', () => {
    const keys = drawKeys(3, 19, 'one').map((key, i) => (i === 1 ? { ...key, suspect: 40 } : key));
    expect(jointClaim(keys)).toMatchObject({ strongest: 'key 1', comparison: { p: 1 / 20 } });
    expect(jointClaim(drawKeys(3, 2, 'one'))).toBeUndefined();
    expect(jointClaim([])).toBeUndefined();
  });
});

test('within one model p falls and power grows with n, the effect stays', () => {
  const at = (count: number) =>
    withinFigures(
      {
        first: { count, mean: 0.3, variance: 1 },
        second: { count, mean: 0, variance: 1 },
        alternative: 'greater',
        samples: ['held-out private', 'public'],
      },
      0.05,
    );
  const [few, many, huge] = [at(20), at(200), at(200_000)];
  expect(many.pooled.p).toBeLessThan(few.pooled.p);
  expect(many.power).toBeGreaterThan(few.power ?? 1);
  expect(many.effect).toBeCloseTo(few.effect ?? 0, 1);
  expect(many.samplesNeeded).toBe(at(150).samplesNeeded);
  expect(huge.pooled.saturated).toBe(true);
});
