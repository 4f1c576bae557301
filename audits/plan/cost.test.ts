import { expect, test } from 'vitest';
import type { CellWork } from '../contract/cell.ts';
import { findAttack } from '../attacks/registry.ts';
import { parseAttack } from '../attacks/resolve.ts';
import { parseChain, versionChain } from '../defenses/chain.ts';
import { exampleConfig, examplePreparation } from '../store/fixtures/example.ts';
import { costClass, estimateMs, victimCost } from './cost.ts';

const { preflight } = examplePreparation;
const inputs = { ...examplePreparation.inputs, pool: { name: 'pool', digest: 'pool', rows: 5000 } };

function attack(text: string, budget = 500): Extract<CellWork, { kind: 'attack' }> {
  const spec = parseAttack(text);
  return {
    kind: 'attack',
    attack: { ...spec, version: findAttack(spec.id)?.meta.version ?? 0 },
    defense: [],
    budget,
    accounts: 1,
    seed: 0,
    surrogate: exampleConfig.surrogate,
  };
}

/** A victim that embeds so many images in a second. */
function victim(imagesPerSecond: number, asked = exampleConfig): ReturnType<typeof victimCost> {
  const checks = preflight.checks.filter(({ id }) => id !== 'throughput');
  const throughput = { id: 'throughput', status: 'ok', sentence: '', figures: { imagesPerSecond } } as const;
  return victimCost(asked, { ...preflight, checks: [...checks, throughput] });
}

test('what the victim has to embed anew costs more than what it has embedded', () => {
  const order = [
    'direct-extraction',
    'view-averaging:views=2:equal=images',
    'view-averaging:views=4:equal=images',
    'view-averaging:views=16:equal=images',
  ];
  const costs = order.map((text) => estimateMs(attack(text), inputs, victim(10)));
  expect(costs).toEqual(costs.toSorted((a, b) => a - b));
  expect(new Set(costs).size).toBe(costs.length);
  // Fifteen made views of 500 images at 100 ms.
  expect((costs[3] ?? 0) - (costs[0] ?? 0)).toBeCloseTo(500 * 15 * 100, 6);
  // Repeats of an image of the pool are looked up.
  const repeats = 'repeat-averaging:repeats=16:equal=images';
  expect(estimateMs(attack(repeats), inputs, victim(10))).toBe(costs[0]);
});

test.each([
  'direct-extraction:loss=infonce:views=2',
  'view-averaging',
  'cont-steal',
  'rda',
  'recreate-head',
  'jacobian-augmentation',
  'watermark-removal:method=average',
])('a slower victim makes %s dearer', (text) => {
  const work = attack(text);
  expect(estimateMs(work, inputs, victim(1))).toBeGreaterThan(2 * estimateMs(work, inputs, victim(1000)));
});

test.each(['direct-extraction', 'backbone-stitching', 'stolen-encoder', 'no-victim:variant=own-ssl'])(
  'how fast the victim is makes no difference to %s',
  (text) => {
    const work = attack(text);
    expect(estimateMs(work, inputs, victim(1))).toBe(estimateMs(work, inputs, victim(1000)));
  },
);

test('a detector is shown streams that the victim embeds: more of a larger pool, none at a deployed service', () => {
  const work = { kind: 'detection', defense: versionChain(parseChain('prada')), seed: 0 } as const;
  const costs = [20, 200, 600, 5000].map((rows) =>
    estimateMs(work, { ...inputs, pool: { ...inputs.pool, rows } }, victim(10)),
  );
  expect(costs).toEqual(costs.toSorted((a, b) => a - b));
  expect(new Set(costs).size).toBe(costs.length);
  expect((costs[3] ?? 0) - (costs[0] ?? 0)).toBeCloseTo((2 * 1024 + 1750) * 100, 6);
  expect(victim(10).computesStreams).toBe(true);
});

test('cells of another surrogate size are no measure of each other', () => {
  const work = attack('direct-extraction');
  const longer = { ...work, surrogate: { ...work.surrogate, epochs: 2 * work.surrogate.epochs } };
  expect(costClass(longer)).not.toBe(costClass(work));
  expect(costClass({ ...work, seed: 7 })).toBe(costClass(work));
});
