import { expect, test } from 'vitest';
import { zooMembers, zooTimeLeft } from './zoo-plan.ts';

const order = { methods: [['simclr', 'vicreg'], ['simclr']], firstSeed: 1 } as const;

test('every method trains on every image set before the next seed begins', () => {
  expect(zooMembers({ ...order, count: 4 })).toEqual([
    { set: 0, method: 'simclr', seed: 1 },
    { set: 0, method: 'vicreg', seed: 1 },
    { set: 1, method: 'simclr', seed: 1 },
    { set: 0, method: 'simclr', seed: 2 },
  ]);
});

test('a larger zoo begins with the smaller one, and no two members are the same', () => {
  const large = zooMembers({ ...order, count: 20 });
  expect(large.slice(0, 7)).toEqual(zooMembers({ ...order, count: 7 }));
  expect(new Set(large.map((member) => JSON.stringify(member))).size).toBe(20);
});

test('members that wait take what the finished ones took; before one is finished, what the current one will', () => {
  const times = { waiting: 3, currentMs: 10_000, currentLeftMs: 30_000 };
  expect(zooTimeLeft({ ...times, finishedMs: [50_000, 70_000] })).toBe(30_000 + 3 * 60_000);
  expect(zooTimeLeft({ ...times, finishedMs: [] })).toBe(30_000 + 3 * 40_000);
  expect(zooTimeLeft({ ...times, finishedMs: [60_000], currentLeftMs: null })).toBe(50_000 + 3 * 60_000);
  expect(zooTimeLeft({ ...times, finishedMs: [], currentLeftMs: null })).toBeNull();
});
