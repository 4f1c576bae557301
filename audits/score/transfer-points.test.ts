import { expect, test } from 'vitest';
import { createRng } from '../rng.ts';
import type { AttackGroup } from './groups.ts';
import { createReplicator, type SeedReading } from './intervals.ts';
import { transferPoints } from './transfer-points.ts';

const replicator = createReplicator(createRng('transfer'), 200);
const group = {} as AttackGroup;
const items = (share: number): SeedReading => ({
  value: share,
  items: Float32Array.from({ length: 100 }, (_, i) => (i < 100 * share ? 1 : 0)),
});
const readings: Readonly<Record<string, readonly SeedReading[]>> = {
  'fgsm-success-0.1': [items(0.5), items(0.6), items(0.7)],
  'fgsm-random-success-0.1': [items(0.1), items(0.1), items(0.1)],
  'fgsm-victim-accuracy-0.1': [{ value: 0.4 }, { value: 0.4 }, { value: 0.4 }],
};

test('success stands beside the control, with the difference image by image and its interval', () => {
  const points = transferPoints(
    {
      measure: (_, metric, task) => {
        const found = readings[metric];
        return found === undefined ? undefined : replicator.mean(found, task ?? '', 'group');
      },
    },
    group,
    'task',
  );
  expect(points?.map(({ epsilon }) => epsilon)).toEqual([0.1]);
  const [point] = points ?? [];
  expect(point?.excess.value).toBeCloseTo(0.5, 6);
  expect(point?.excess.low).toBeGreaterThan(0);
  expect(point?.excess.low).toBeLessThan(0.5);
  expect(point?.victimAccuracy?.value).toBeCloseTo(0.4, 6);
});

test('what was not measured is not there', () => {
  expect(transferPoints({ measure: () => undefined }, group, 'task')).toBeUndefined();
});
