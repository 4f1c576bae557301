import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { BridgeEvent } from '../contract/bridge.ts';
import type { AuditId } from '../contract/cell.ts';
import type { RunEvent } from '../contract/events.ts';
import { EventHub } from './events.ts';

const auditId = 'a1b2c3' as AuditId;
let nowMs = 0;
let hub: EventHub;
let heard: BridgeEvent[];

beforeEach(() => {
  vi.useFakeTimers();
  nowMs = 0;
  hub = new EventHub({ monotonicMs: () => nowMs });
  heard = [];
  hub.subscribe((event) => heard.push(event));
});
afterEach(() => {
  hub.close();
  vi.useRealTimers();
});

const pass = (milliseconds: number): void => {
  nowMs += milliseconds;
  vi.advanceTimersByTime(milliseconds);
};
const run = (event: RunEvent): void => hub.publish({ type: 'run', auditId, run: event });
const progress = (cellsDone: number): void =>
  run({
    type: 'progress',
    cellsDone,
    cellsTotal: 1000,
    fraction: cellsDone / 1000,
    etaMs: null,
    running: [],
  });
const done = (): readonly number[] =>
  heard.flatMap(({ event }) =>
    event.type === 'run' && event.run.type === 'progress' ? [event.run.cellsDone] : [],
  );

test('events are numbered from 1 without a gap', () => {
  for (let i = 0; i < 3; i++) hub.publish({ type: 'audits-changed' });
  expect(heard.map(({ sequence }) => sequence)).toEqual([1, 2, 3]);
  expect(new Set(heard.map(({ engineLife }) => engineLife))).toEqual(new Set([hub.engineLife]));
  expect(hub.sequence).toBe(3);
});

test('of a thousand progress events in a second about ten are told, the newest among them', () => {
  for (let i = 1; i <= 1000; i++) {
    progress(i);
    pass(1);
  }
  pass(1000);
  expect(done().length).toBeGreaterThanOrEqual(10);
  expect(done().length).toBeLessThanOrEqual(11);
  expect(done()[0]).toBe(1);
  expect(done().at(-1)).toBe(1000);
});

test('progress that was held back comes before the stage that follows it, and once', () => {
  progress(1);
  progress(2);
  run({ type: 'stage', stage: 'judging', sentence: 'Judging' });
  pass(1000);
  expect(heard.map(({ event }) => (event.type === 'run' ? event.run.type : event.type))).toEqual([
    'progress',
    'progress',
    'stage',
  ]);
});

test('two audits do not hold back each other’s progress', () => {
  progress(1);
  hub.publish({
    type: 'run',
    auditId: 'other' as AuditId,
    run: { type: 'progress', cellsDone: 7, cellsTotal: 9, fraction: 0, etaMs: null, running: [] },
  });
  expect(done()).toEqual([1, 7]);
});

test('whoever was away hears what it missed', () => {
  for (let i = 0; i < 5; i++) hub.publish({ type: 'audits-changed' });
  expect(hub.since(3).map(({ sequence }) => sequence)).toEqual([4, 5]);
  expect(hub.since(5)).toEqual([]);
});

test('only so much is remembered, and the first number tells that something is missing', () => {
  for (let i = 0; i < 30_000; i++) hub.publish({ type: 'audits-changed' });
  const remembered = hub.since(0);
  expect(remembered.length).toBeGreaterThanOrEqual(5000);
  expect(remembered.length).toBeLessThanOrEqual(10_000);
  expect(remembered[0]?.sequence).toBe(30_000 - remembered.length + 1);
  expect(remembered.at(-1)?.sequence).toBe(30_000);
});

test('nobody is told anything after it stopped listening', () => {
  const others: BridgeEvent[] = [];
  const stop = hub.subscribe((event) => others.push(event));
  hub.publish({ type: 'audits-changed' });
  stop();
  hub.publish({ type: 'audits-changed' });
  expect(others).toHaveLength(1);
  expect(heard).toHaveLength(2);
});
