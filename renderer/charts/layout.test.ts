import { expect, test } from 'vitest';
import type {
  DefenseVerdict,
  Estimate,
  MatrixCell,
  QueryCurve,
  RunCell,
  TheftCost,
} from '../../audits/contract/result.ts';
import { layoutCosts } from './cost-layout.ts';
import { layoutCurves } from './curve-layout.ts';
import { countFlags } from './flag-layout.ts';
import { layoutGantt } from './gantt-layout.ts';
import { columnBlocks } from './matrix-columns.ts';
import { EXPOSURE_STEPS, exposureStep } from './exposure.ts';
import { acceptedGain, layoutPareto, paretoPoints } from './pareto-layout.ts';
import { layoutShift } from './shift-layout.ts';

const estimate = (value: number, halfWidth: number | null = 0.05): Estimate => ({
  value,
  low: halfWidth === null ? null : value - halfWidth,
  high: halfWidth === null ? null : value + halfWidth,
  unit: 'fraction',
  seeds: 3,
  items: 1000,
  method: 'made up',
});
const curve = (values: readonly (readonly [budget: number, gain: number])[]): QueryCurve => ({
  defense: 'd',
  attack: null,
  accounts: null,
  points: values.map(([budget, gain]) => ({ budget, stolenGain: estimate(gain) })),
  area: null,
  crossings: [
    { level: 0.5, value: { queries: 1000, relation: 'at' }, low: null, high: null },
    { level: 0.9, value: { queries: 4000, relation: 'more-than' }, low: null, high: null },
  ],
});
const frame = { width: 800, height: 400, left: 50, right: 200, top: 20, bottom: 40 };

test('attacks stand in as few and as equal blocks as paper takes, fewer side by side where their words are long', () => {
  const sizes = (count: number, name: string): readonly number[] =>
    columnBlocks(Array.from({ length: count }, (_, i) => `${name}-${i}`)).map(({ length }) => length);
  expect(sizes(1, 'rda')).toEqual([1]);
  expect(sizes(7, 'rda')).toEqual([7]);
  expect(sizes(9, 'rda')).toEqual([5, 4]);
  expect(sizes(20, 'rda')).toEqual([7, 7, 6]);
  expect(sizes(9, 'reconstruction')).toEqual([5, 4]);
  expect(sizes(6, 'reconstruction')).toEqual([3, 3]);
  // Longer words are torn anyway: they ask for no more room.
  expect(sizes(6, 'x'.repeat(200))).toEqual([3, 3]);
  expect(columnBlocks(['a', 'b', 'c']).flat()).toEqual(['a', 'b', 'c']);
});

test('equal factors of queries are equal distances, and more stolen gain stands higher', () => {
  const { shapes } = layoutCurves(
    [
      {
        label: 'a',
        series: 0,
        curve: curve([
          [500, 0.2],
          [1000, 0.5],
          [2000, 0.8],
        ]),
      },
    ],
    frame,
  );
  const [first, second, third] = shapes[0]?.points ?? [];
  expect(second!.x - first!.x).toBeCloseTo(third!.x - second!.x, 0);
  expect(third!.y).toBeLessThan(first!.y);
  expect(first!.low).toBeGreaterThan(first!.y);
});

test('only levels that were reached drop to the axis', () => {
  const { shapes } = layoutCurves(
    [
      {
        label: 'a',
        series: 0,
        curve: curve([
          [500, 0.2],
          [4000, 0.8],
        ]),
      },
    ],
    frame,
  );
  expect(shapes[0]?.drops.map(({ level }) => level)).toEqual([0.5]);
});

test('each level that was reached is named once, at its own line, and not on the name of a reference', () => {
  const reached = (level: number, queries: number) =>
    ({ level, value: { queries, relation: 'at' }, low: null, high: null }) as const;
  const inputs = Array.from({ length: 4 }, (_, i) => ({
    label: `d${i}`,
    series: i,
    curve: {
      ...curve([
        [500, 0.4],
        [4000, 0.95],
      ]),
      crossings: [reached(0.5, 501 + i), reached(0.9, 3990 + i)],
    },
  }));
  const { dropLabels, shapes, zero } = layoutCurves(inputs, frame);
  expect(dropLabels.map(({ level }) => level)).toEqual([0.5, 0.9, 0.5, 0.9, 0.5, 0.9, 0.5, 0.9]);
  const lines = shapes.flatMap(({ drops }) => drops);
  for (const [i, { x, y, anchor }] of dropLabels.entries()) {
    expect(Math.abs(x - (lines[i]?.x ?? Number.NaN))).toBeCloseTo(3);
    if (anchor === 'start' && x < zero.label.x + 60) expect(y).toBeLessThan(zero.label.y - 10);
  }
});

test('labels of curves that end together do not cover each other and stay inside', () => {
  const inputs = Array.from({ length: 6 }, (_, i) => ({
    label: `d${i}`,
    series: i,
    curve: curve([
      [500, 0.01],
      [2000, 0.02 + i * 0.001],
    ]),
  }));
  const places = layoutCurves(inputs, frame)
    .shapes.map(({ labelY }) => labelY)
    .toSorted((a, b) => a - b);
  for (const [i, place] of places.entries())
    if (i > 0) expect(place - (places[i - 1] ?? 0)).toBeGreaterThanOrEqual(14.9);
  expect(places.at(-1)).toBeLessThanOrEqual(frame.height - frame.bottom);
});

test('a single budget is a point with its interval, not a line', () => {
  const { shapes } = layoutCurves([{ label: 'a', series: 0, curve: curve([[500, 0.2]]) }], frame);
  expect(shapes[0]).toMatchObject({ line: '', band: '' });
  expect(shapes[0]?.points).toHaveLength(1);
  expect(shapes[0]?.points[0]?.x).toBeGreaterThan(frame.left);
});

const verdict = (gain: number, loss: number | null) =>
  ({
    worstStolenGain: estimate(gain),
    worstHonestLoss: loss === null ? null : estimate(loss, 0.002),
  }) as Parameters<typeof paretoPoints>[0][number]['verdict'];

test('a defense is dominated when another is as good in both and better in one', () => {
  const points = paretoPoints([
    { tag: 'D0', label: 'none', verdict: verdict(0.9, null) },
    { tag: 'D1', label: 'good', verdict: verdict(0.3, 0.005) },
    { tag: 'D2', label: 'worse', verdict: verdict(0.4, 0.01) },
    { tag: 'D3', label: 'unmeasured', verdict: verdict(0.4, null) },
  ]);
  expect(points.map(({ label, isDominated }) => [label, isDominated])).toEqual([
    ['none', false],
    ['good', false],
    ['worse', true],
  ]);
});

test('the accepted corner is the stricter of protection and stolen gain', () => {
  const policy = { minProtection: 0.5, maxStolenGain: null } as Parameters<typeof acceptedGain>[0];
  expect(acceptedGain(policy, estimate(0.8))).toBeCloseTo(0.4);
  expect(acceptedGain({ ...policy, maxStolenGain: 0.1 }, estimate(0.8))).toBeCloseTo(0.1);
  expect(acceptedGain(policy, null)).toBeNull();
});

test('labels of forty defenses in one place do not cover each other', () => {
  const points = paretoPoints(
    Array.from({ length: 40 }, (_, i) => ({ tag: `D${i}`, label: `d${i}`, verdict: verdict(0.5, 0.01) })),
  );
  const { points: placed } = layoutPareto(points, { loss: 0.01, gain: 0.4 }, { ...frame, right: 20 });
  const places = placed.map(({ labelX, labelY }) => `${labelX} ${labelY}`);
  expect(new Set(places).size).toBe(40);
});

test('a bill that was not reached is drawn open, and a bill of nothing has a place', () => {
  const cost = (dollars: number, relation: 'at' | 'more-than') =>
    ({ level: 0.9, dollars, queries: { queries: 10, relation } }) as TheftCost;
  const { rows, ticks } = layoutCosts(
    [{ tag: 'D0', label: 'none', costs: [cost(0, 'at'), cost(50, 'more-than')] }],
    { width: 800, left: 100, right: 20, top: 10, bottom: 30 },
  );
  expect(rows[0]?.marks.map(({ isOpen }) => isOpen)).toEqual([false, true]);
  expect(rows[0]?.marks.every(({ x }) => x >= 100 && x <= 780)).toBe(true);
  expect(ticks.at(-1)?.value).toBeCloseTo(100);
});

test('exposure keeps to its scale whatever is measured', () => {
  expect([-0.4, 0, 0.999, 1, 1.3].map(exposureStep)).toEqual([
    0,
    0,
    EXPOSURE_STEPS - 1,
    EXPOSURE_STEPS - 1,
    EXPOSURE_STEPS - 1,
  ]);
});

const ran = (startMs: number, endMs: number | null, change: Partial<RunCell> = {}): RunCell => ({
  key: `${startMs}`,
  kind: 'attack',
  attack: 'a',
  defense: 'none',
  budget: 1,
  seed: 0,
  state: endMs === null ? 'running' : 'done',
  startMs,
  endMs,
  elapsedMs: endMs === null ? null : endMs - startMs,
  worker: null,
  ...change,
});
const run = { width: 1000, left: 100, right: 100, top: 10, bottom: 10 };

test('cells that ran at once lie in different lanes, one after the other in the same', () => {
  const { lanes } = layoutGantt(
    { reused: 0, cells: [ran(0, 10_000), ran(1000, 5000), ran(5000, 9000), ran(10_000, 12_000)] },
    run,
  );
  expect(lanes.map(({ bars }) => bars.length)).toEqual([2, 2]);
  for (const { bars } of lanes)
    for (const [i, bar] of bars.entries())
      expect(bar.x).toBeGreaterThanOrEqual(
        i === 0 ? 100 : (bars[i - 1]?.x ?? 0) + (bars[i - 1]?.width ?? 0) - 0.2,
      );
});

test('a known worker keeps its lane, and a cell of no known one takes a free one', () => {
  const { lanes } = layoutGantt(
    { reused: 0, cells: [ran(0, 10_000, { worker: 2 }), ran(500, 9000, { worker: 1 }), ran(1000, 2000)] },
    run,
  );
  expect(lanes.map(({ worker, bars }) => [worker, bars.length])).toEqual([
    [1, 1],
    [2, 1],
    [3, 1],
  ]);
});

test('a pause of a day is cut out and named, and the time at work fills the axis', () => {
  const day = 86_400_000;
  const { pauses, busyMs, lanes } = layoutGantt(
    { reused: 0, cells: [ran(0, 60_000), ran(day, day + 60_000)] },
    run,
  );
  expect(pauses.map(({ ms }) => ms)).toEqual([day - 60_000]);
  expect(busyMs).toBe(120_000);
  expect(lanes[0]?.bars.map(({ width }) => width)).toEqual([387, 387]);
});

test('thousands of short cells are a few bars that count them all, and none hides a failed one', () => {
  const cells = Array.from({ length: 30_000 }, (_, i) =>
    ran(i * 100, i * 100 + 100, {
      worker: (i % 2) + 1,
      ...(i === 15_000 ? { state: 'failed', elapsedMs: null } : {}),
    }),
  );
  const { lanes } = layoutGantt({ reused: 0, cells }, run);
  const bars = lanes.flatMap((lane) => lane.bars);
  expect(bars.reduce((sum, bar) => sum + bar.cells, 0)).toBe(30_000);
  expect(bars.length).toBeLessThan(1700);
  expect(bars.filter(({ state }) => state === 'failed')).toHaveLength(1);
});

const compared = (attack: string, defense: string, key: string): MatrixCell =>
  ({ attack, defense, task: 't', state: 'done', cellKeys: [key] }) as unknown as MatrixCell;

test('flags are counted where they weaken numbers, the worst kind first', () => {
  const matrix = [compared('a', 'none', '1'), compared('a', 'd', '2'), compared('b', 'd', '3')];
  const flag = (id: string, severity: 'note' | 'weakens' | 'invalidates', scope: string) => ({
    id,
    severity,
    scope,
    sentence: '',
  });
  const counts = countFlags(
    [
      flag('whole', 'note', 'audit'),
      flag('own', 'weakens', 'defense:d'),
      flag('own', 'weakens', 'cell:2'),
      flag('broken', 'invalidates', 'cell:1'),
      flag('elsewhere', 'weakens', 'cell:none'),
    ],
    matrix,
  );
  expect(counts.rows).toEqual([
    { id: 'broken', severity: 'invalidates', total: 1, attacks: [1, 0], defenses: [1, 0] },
    { id: 'own', severity: 'weakens', total: 2, attacks: [1, 1], defenses: [0, 2] },
    { id: 'whole', severity: 'note', total: 3, attacks: [2, 1], defenses: [1, 2] },
  ]);
});

test('of many defenses the least weakened stand together, and nothing is lost from the counts', () => {
  const matrix = Array.from({ length: 40 }, (_, i) => compared('a', `d${i}`, `${i}`));
  const counts = countFlags([{ id: 'whole', severity: 'weakens', scope: 'audit', sentence: '' }], matrix);
  expect(counts.defenses.length).toBe(10);
  expect(counts.defenses.at(-1)).toEqual({ name: null, total: 31 });
  expect(counts.rows[0]?.defenses.reduce((sum, value) => sum + value, 0)).toBe(40);
});

test('of two sides a front steps along what nothing beats, and only what moved has an arrow', () => {
  const judged = (defense: string, loss: number, gain: number): DefenseVerdict =>
    ({
      defense,
      verdict: 'fail',
      worstHonestLoss: estimate(loss, 0.001),
      worstStolenGain: estimate(gain),
    }) as unknown as DefenseVerdict;
  const policy = {
    budget: 1,
    accounts: [1],
    maxStolenGain: null,
    minProtection: 0.5,
    maxHonestLoss: 0.01,
    minRecallAt10: 0.9,
    minUndefendedGain: 0.3,
  };
  const before = {
    policy,
    verdicts: [judged('none', 0, 0.8), judged('a', 0.01, 0.5), judged('b', 0.02, 0.6)],
  };
  const after = { policy, verdicts: [judged('none', 0, 0.8), judged('a', 0.01, 0.2)] };
  const layout = layoutShift(before, after, {
    width: 600,
    height: 400,
    left: 50,
    right: 50,
    top: 20,
    bottom: 40,
  });
  expect(layout.moves.map(({ defense }) => defense)).toEqual(['a']);
  // Without b, which a beats in both.
  expect(layout.fronts.before.match(/[MV]/g)).toEqual(['M', 'V']);
  expect(layout.marks.map(({ side, defense }) => `${side} ${defense}`)).toEqual([
    'before none',
    'before a',
    'before b',
    'after none',
    'after a',
  ]);
});
