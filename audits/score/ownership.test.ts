import { expect, test } from 'vitest';
import type { CellKey, Measurement } from '../contract/cell.ts';
import type { OwnershipEvaluation, OwnershipRow } from '../contract/result.ts';
import type { CellRow } from '../store/types.ts';
import { binomialUpperBound } from './binomial.ts';
import { judge } from './judge.ts';
import { world } from './judge.sample.ts';

/** A zoo around 0.3, copies of the undefended service at 0.9, copies through noise among the zoo. */

const reading = (label: string, value: number): Measurement => ({
  metric: `ownership/${label}`,
  task: null,
  value,
  unit: 'fraction',
  n: 500,
});
const zooValue = (i: number): number => 0.3 + 0.02 * ((i * 7) % 5);
const valueOf = (key: string): number =>
  key.startsWith('plain/none') ? 0.9 : key.startsWith('victim') ? 1 : key.startsWith('control') ? 0.01 : 0.33;

function evaluate(encoders: number, changed: Readonly<Record<string, number>> = {}): OwnershipEvaluation {
  const { input, facts } = world();
  const [first] = input.cells;
  if (first === undefined) throw new Error('the world has cells');
  const zoo = Array.from({ length: encoders }, (_, i): CellRow => ({
    ...first,
    key: `zoo/${i}` as CellKey,
    work: { kind: 'independent', encoder: `${i}`, seed: 0, ownership: { version: 1 } },
  }));
  const measurements = new Map<CellKey, readonly Measurement[]>([
    ...[...input.measurements].map(
      ([key, found]) =>
        [
          key,
          [
            ...found,
            reading('similarity-fingerprint', changed[key] ?? valueOf(key)),
            reading('distance-test', -1),
          ],
        ] as const,
    ),
    // The first has another dimension: no distance.
    ...zoo.map(
      ({ key }, i) =>
        [
          key,
          [
            reading('similarity-fingerprint', zooValue(i)),
            ...(i === 0 ? [] : [reading('distance-test', -2 - zooValue(i))]),
          ],
        ] as const,
    ),
  ]);
  const config = { ...input.config, ownership: { zoo: [] } };
  const { ownership } = judge({ ...input, config, cells: [...input.cells, ...zoo], measurements }, facts);
  if (ownership === undefined) throw new Error('ownership was tested');
  return ownership;
}

const rowOf = ({ rows }: OwnershipEvaluation, defense: string, label: string | null): OwnershipRow => {
  const found = rows.find((row) => row.attack === 'plain' && row.defense === defense && row.test === label);
  if (found === undefined) throw new Error(`no row of ${label}`);
  return found;
};

test('copies that stand out from twenty independent encoders are claimed, those that do not are not', () => {
  const found = evaluate(20);
  expect([found.reason, found.independent]).toEqual([null, { encoders: 20, zoo: 20, untrained: 0 }]);
  const open = rowOf(found, 'none', 'similarity-fingerprint');
  expect(open).toMatchObject({ victim: 1, seeds: 3, claimedSeeds: 3, claimed: true });
  expect(open.value?.value).toBeCloseTo(0.9, 6);
  expect(open.p).toBeCloseTo(1 / 21, 6);
  expect(open.falseClaimBound).toBeCloseTo(binomialUpperBound(0, 20), 6);
  const through = rowOf(found, 'noise', 'similarity-fingerprint');
  expect(through).toMatchObject({ claimedSeeds: 0, claimed: false });
  // Encoders at 0.34, 0.36 and 0.38 are more alike: 12 of 20.
  expect(through.p).toBeCloseTo(13 / 21, 6);
});

test('tests are taken together where every independent encoder took part', () => {
  const joint = rowOf(evaluate(20), 'none', null);
  expect(joint).toMatchObject({ value: null, claimed: true, independent: { encoders: 20 } });
  expect(rowOf(evaluate(20), 'none', 'distance-test').independent?.encoders).toBe(19);
});

test('of the copies of several seeds the weakest counts', () => {
  const found = rowOf(evaluate(20, { 'plain/none/1': 0.33 }), 'none', 'similarity-fingerprint');
  expect(found).toMatchObject({ claimedSeeds: 2, claimed: false });
  expect(found.p).toBeCloseTo(13 / 21, 6);
  expect(found.effect).toBeLessThan(0);
});

test('with fewer than nineteen there are effects and no claim, however strong they are', () => {
  const found = evaluate(18);
  expect(found.reason).toMatch(/18 trained independent encoders: at least 19/);
  const row = rowOf(found, 'none', 'similarity-fingerprint');
  expect(row).toMatchObject({ p: null, claimed: null, claimedSeeds: null, falseClaimBound: null });
  expect(row.effect).toBeGreaterThan(3);
});

test('untrained controls stand in where nothing better is there, and are said to be untrained', () => {
  const found = evaluate(0);
  expect(found.independent).toEqual({ encoders: 3, zoo: 0, untrained: 3 });
  expect(found.reason).toMatch(/untrained networks/);
  // Beside trained ones they would only widen the spread.
  expect(evaluate(3).independent).toEqual({ encoders: 3, zoo: 3, untrained: 0 });
});

test('nothing is said where nothing was asked', () => {
  const { input, facts } = world();
  expect(judge(input, facts)).not.toHaveProperty('ownership');
});
