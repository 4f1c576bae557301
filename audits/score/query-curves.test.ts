import { describe, expect, test } from 'vitest';
import type { CellKey, CellWork, Measurement } from '../contract/cell.ts';
import { defaultCosts } from '../plan/cost-assumptions.ts';
import { world } from './judge.sample.ts';
import { judge, type JudgeInput } from './judge.ts';
import { areaUnder, crossing, quotientOf } from './query-points.ts';

const samples = (...gains: readonly (readonly [number, number])[]) =>
  gains.map(([budget, gain]) => ({ budget, gain }));

describe('where a curve reaches a level', () => {
  test('is interpolated on the logarithm of the queries', () => {
    expect(crossing(samples([100, 0.4], [10_000, 0.6]), 0.5)).toEqual({ queries: 1000, relation: 'at' });
  });

  test('is never extrapolated: at most the smallest budget, more than the largest', () => {
    const curve = samples([500, 0.6], [2000, 0.7]);
    expect(crossing(curve, 0.5)).toEqual({ queries: 500, relation: 'at-most' });
    expect(crossing(curve, 0.9)).toEqual({ queries: 2000, relation: 'more-than' });
  });

  test('counts the first time, though the curve falls again', () => {
    expect(crossing(samples([100, 0.2], [200, 0.9], [400, 0.3]), 0.9)).toEqual({
      queries: 200,
      relation: 'at',
    });
  });

  test('the area is the mean over log n, whatever the spacing of the budgets', () => {
    expect(areaUnder(samples([100, 0.4], [200, 0.4], [10_000, 0.4]))).toBeCloseTo(0.4, 12);
    expect(areaUnder(samples([10, 0], [1000, 1]))).toBeCloseTo(0.5, 12);
    expect(areaUnder(samples([10, 0.3]))).toBeUndefined();
  });

  test('a quotient keeps what is not known', () => {
    const at = (queries: number) => ({ queries, relation: 'at' as const });
    expect(quotientOf(at(3000), at(1000))).toEqual({ value: 3, relation: 'at' });
    expect(quotientOf({ queries: 5000, relation: 'more-than' }, at(1000))).toEqual({
      value: 5,
      relation: 'more-than',
    });
    expect(quotientOf(at(3000), { queries: 500, relation: 'at-most' })?.relation).toBe('more-than');
    expect(quotientOf(at(3000), { queries: 5000, relation: 'more-than' })).toBeUndefined();
    expect(
      quotientOf({ queries: 500, relation: 'at-most' }, { queries: 500, relation: 'at-most' }),
    ).toBeUndefined();
  });
});

/** Readings besides those of the sample, for each attack cell. */
type More = (work: Extract<CellWork, { kind: 'attack' }>) => readonly Measurement[];

/** The sample audit at 2 000 queries and again at a tenth of them with other accuracies. */
function twoBudgets(extra: More = () => []): ReturnType<typeof judge> {
  const { input, facts } = world({ undefendedAccuracy: 0.75, defendedAccuracy: 0.6, adaptiveAccuracy: 0.62 });
  const small = world({ undefendedAccuracy: 0.45, defendedAccuracy: 0.35, adaptiveAccuracy: 0.35 }).input;
  const rename = (key: string): CellKey => `small/${key}` as CellKey;
  const cells = small.cells.flatMap((cell) => {
    if (cell.work.kind !== 'attack' || cell.work.budget === 0) return [];
    const ledger = cell.ledger.map((entry) => ({ ...entry, rows: 200, uniqueInputs: 200 }));
    return [{ ...cell, key: rename(cell.key), work: { ...cell.work, budget: 200 }, ledger }];
  });
  const more: [CellKey, readonly Measurement[]][] = [...small.measurements].map(([key, value]) => [
    rename(key),
    value,
  ]);
  const both: JudgeInput = {
    ...input,
    config: { ...input.config, budgets: [200, 2000], costs: { ...defaultCosts, training: 100 } },
    cells: [...input.cells, ...cells],
    measurements: new Map([...input.measurements, ...more]),
  };
  const measurements = new Map(both.measurements);
  for (const { key, work } of both.cells)
    if (work.kind === 'attack') measurements.set(key, [...(measurements.get(key) ?? []), ...extra(work)]);
  return judge({ ...both, measurements }, facts);
}

describe('the query curves of an audit', () => {
  const result = twoBudgets();
  const curve = (defense: string, attack: string | null) =>
    result.curves.find((entry) => entry.defense === defense && entry.attack === attack);

  test('there is one for each attack and one for the strongest of them', () => {
    expect(result.curves.map(({ defense, attack }) => [defense, attack])).toEqual([
      ['none', null],
      ['none', 'plain'],
      ['noise', null],
      ['noise', 'adaptive'],
      ['noise', 'plain'],
    ]);
    const strongest = curve('noise', null)?.points.at(-1)?.stolenGain.value ?? 0;
    const adaptive = curve('noise', 'adaptive')?.points.at(-1)?.stolenGain.value ?? 0;
    expect(strongest).toBeCloseTo(adaptive, 9);
  });

  test('the interval of a crossing holds it; what was not reached is more than the largest budget', () => {
    const half = curve('none', null)?.crossings.find(({ level }) => level === 0.5);
    expect(half?.value.relation).toBe('at');
    // Gains 0.3 and 0.9 at 200 and 2 000: a third of the way on the log scale.
    expect(Math.abs((half?.value.queries ?? 0) - 200 * 10 ** (1 / 3))).toBeLessThan(30);
    expect(half?.low?.queries).toBeLessThan(half?.value.queries ?? 0);
    expect(half?.high?.queries).toBeGreaterThan(half?.value.queries ?? Infinity);
    const most = curve('noise', null)?.crossings.find(({ level }) => level === 0.9);
    expect(most?.value).toEqual({ queries: 2000, relation: 'more-than' });
  });

  test('the raise factor is the smallest over attacks, and unknown where nothing was reached undefended', () => {
    const raise = result.raiseFactors.find(({ level }) => level === 0.5);
    const none = curve('none', null)?.crossings[0]?.value.queries ?? 1;
    const defended = curve('noise', null)?.crossings[0]?.value.queries ?? 1;
    expect(raise?.factor?.value).toBeCloseTo(defended / none, 9);
    expect(raise?.factor?.value).toBeGreaterThan(1.5);
  });

  test('money and hours follow from rows, accounts and measured time', () => {
    const cost = result.theft.costs.find(({ defense, level }) => defense === 'none' && level === 0.5);
    expect(cost).toMatchObject({ attack: 'plain', accounts: 1, labels: 0 });
    expect(cost?.rows).toBe(cost?.queries.queries);
    expect(cost?.hours).toBeCloseTo(100 / 3_600_000, 12);
    const { perAccount, perComputeHour } = result.theft.assumptions;
    expect(cost?.dollars).toBeCloseTo(
      (cost?.rows ?? 0) * 0.0001 + perAccount + perComputeHour * (100 / 3_600_000),
      9,
    );
    expect(cost?.shareOfTraining).toBeCloseTo((cost?.dollars ?? 0) / 100, 12);
  });

  test('what the defense charges is in the bill, at the queries that are needed', () => {
    // Seconds and dollars as a puzzle for every row would have it: straight lines through the origin.
    const charged: More = ({ defense, budget }) =>
      defense.length === 0 || budget === 0
        ? []
        : [
            { metric: 'defense-seconds', task: null, value: 7.2 * budget, unit: 'seconds', n: 1 },
            { metric: 'defense-dollars', task: null, value: 0.01 * budget, unit: 'dollars', n: 1 },
          ];
    const paid = twoBudgets(charged).theft.costs;
    for (const free of result.theft.costs) {
      expect(free.charged).toEqual({ dollars: 0, hours: 0 });
      const cost = paid.find(({ defense, level }) => defense === free.defense && level === free.level);
      const queries = free.defense === 'none' ? 0 : free.queries.queries;
      expect(cost?.charged.dollars).toBeCloseTo(0.01 * queries, 6);
      expect(cost?.charged.hours).toBeCloseTo(0.002 * queries, 6);
      expect(cost?.dollars).toBeCloseTo(free.dollars + 0.01 * queries, 6);
      expect(cost?.hours).toBeCloseTo(free.hours + 0.002 * queries, 6);
      expect(cost?.shareOfTraining).toBeCloseTo((cost?.dollars ?? 0) / 100, 9);
    }
    expect(paid.some(({ charged: { dollars } }) => dollars > 1)).toBe(true);
  });

  test('a way with more queries is named where it is the cheaper one', () => {
    const quickest = result.theft.costs.find(({ defense, level }) => defense === 'noise' && level === 0.5);
    expect(quickest?.attack).toBe('adaptive');
    const dear = twoBudgets(({ attack, defense }) =>
      attack.id === 'adaptive' && defense.length > 0
        ? [{ metric: 'defense-dollars', task: null, value: 1000, unit: 'dollars', n: 1 }]
        : [],
    );
    const cheapest = dear.theft.costs.find(({ defense, level }) => defense === 'noise' && level === 0.5);
    expect(cheapest).toMatchObject({ attack: 'plain', charged: { dollars: 0, hours: 0 } });
    expect(cheapest?.queries.queries).toBeGreaterThan(quickest?.queries.queries ?? Infinity);
  });
});
