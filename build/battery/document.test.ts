import { expect, test } from 'vitest';
import type { Estimate } from '../../audits/contract/result.ts';
import { sampleResult } from '../../audits/report/result.sample.ts';
import type { CellRow } from '../../audits/store/types.ts';
import { contains, isAbove, spell } from './step.ts';
import { viewOf } from './view.ts';

const estimate = (low: number | null, value: number, high: number | null): Estimate => ({
  value,
  low,
  high,
  unit: 'fraction',
  seeds: 3,
  items: 100,
  method: 'by hand',
});

test('intervals decide only what they can', () => {
  expect(isAbove(estimate(0.1, 0.2, 0.3), 0)).toBe(true);
  expect(isAbove(estimate(-0.3, -0.2, -0.1), 0)).toBe(false);
  expect(isAbove(estimate(-0.1, 0.2, 0.3), 0)).toBeUndefined();
  expect(isAbove(estimate(null, 0.2, null), 0)).toBeUndefined();
  expect(contains(estimate(-0.1, 0.2, 0.3), 0)).toBe(true);
  expect(contains(estimate(0.1, 0.2, 0.3), 0)).toBe(false);
});

test('an estimate is spelled with its interval, a missing one as a dash', () => {
  expect(spell(estimate(0.45, 0.513, 0.57))).toBe('0.51 [0.45, 0.57]');
  expect(spell(estimate(null, 0.513, null))).toBe('0.51');
  expect(spell(null)).toBe('–');
});

test('one entry is ahead of another by what its seeds are, pair by pair', () => {
  const result = sampleResult();
  const [first] = result.matrix;
  const [baseline] = result.baselines;
  if (first === undefined || baseline === undefined) throw new Error('the sample is empty');
  const span = (baseline.victimProbe?.value ?? 0) - (baseline.noVictimProbe?.value ?? 0);
  const accuracies = { left: [0.5, 0.7], right: [0.4, 0.5] } as const;
  const sides = Object.keys(accuracies) as (keyof typeof accuracies)[];
  const matrix = sides.map((attack) => ({
    ...first,
    attack,
    defense: 'none',
    budget: 100,
    accounts: 1,
    cellKeys: accuracies[attack].map((_, seed) => `${attack}/${seed}`),
  }));
  const cells = matrix.flatMap(({ cellKeys }) =>
    cellKeys.map((key, seed) => ({ key, work: { kind: 'victim', seed } }) as unknown as CellRow),
  );
  const measurements = new Map(
    sides.flatMap((attack) =>
      accuracies[attack].map((value, seed) => [
        `${attack}/${seed}`,
        [{ metric: 'probe-accuracy', task: baseline.task, value, unit: 'fraction', n: 10 } as const],
      ]),
    ),
  );
  const view = viewOf({ result: { ...result, matrix }, wallMs: 0, peakBytes: [] }, cells, measurements);
  const at = { defense: 'none', budget: 100 };
  const ahead = view.ahead({ ...at, attack: 'left' }, { ...at, attack: 'right' });
  // Differences 0.1 and 0.2: mean 0.15, and with one degree of freedom t = 12.706 standard errors of 0.05.
  expect(ahead?.value).toBeCloseTo(0.15 / span, 6);
  expect((ahead?.high ?? 0) - (ahead?.value ?? 0)).toBeCloseTo((12.7062 * 0.05) / span, 3);
  expect(view.ahead({ ...at, attack: 'left' }, { ...at, attack: 'none' })).toBeNull();
});
