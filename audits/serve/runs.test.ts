import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { AuditSnapshot, BridgeEvent } from '../contract/bridge.ts';
import type { CellWork } from '../contract/cell.ts';
import { MoatError } from '../contract/errors.ts';
import { systemClock } from '../run/system-clock.ts';
import { openStore } from '../store/open.ts';
import {
  openSampleEngine,
  pretendingWorkers,
  sampleAccuracy,
  sampleSettings,
  sampleWindow,
} from './engine.sample.ts';
import type { ServedEngine } from './open-engine.ts';

/** The engine's side of a window: real store, real runner, workers that pretend to compute. */

let folder: string;
let engine: ServedEngine;
let events: BridgeEvent[];

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'moat-serve-'));
});
afterEach(async () => {
  await engine.close();
  rmSync(folder, { recursive: true, force: true });
});

function open(startWorker = pretendingWorkers()): void {
  engine = openSampleEngine(folder, startWorker);
  events = [];
  engine.subscribe((event) => events.push(event));
}

const { call, refusal } = sampleWindow(() => engine);

function heard(fits: (event: BridgeEvent['event']) => boolean): Promise<void> {
  if (events.some(({ event }) => fits(event))) return Promise.resolve();
  return new Promise((resolve) => {
    const stop = engine.subscribe(({ event }) => {
      if (!fits(event)) return;
      stop();
      resolve();
    });
  });
}
const ended = (id: string): Promise<void> =>
  heard(
    (event) =>
      event.type === 'run' &&
      event.auditId === id &&
      event.run.type === 'stage' &&
      event.run.stage === 'done',
  );
const gains = (
  snapshot: AuditSnapshot,
): readonly (readonly [string | null, string | null, number | null])[] =>
  snapshot.cells
    .filter(({ kind }) => kind === 'attack')
    .map((cell) => [cell.attack, cell.defense, cell.stolenGain]);

test('an audit runs to its end: listed, snapshot with gains, result, each event numbered', async () => {
  open();
  const { id } = await call('audits.start', { settings: sampleSettings });
  await ended(id);
  const [entry] = await call('audits.list', {});
  expect(entry).toMatchObject({
    id,
    state: 'completed',
    cellsDone: entry?.cellsTotal,
    cellsFailed: 0,
    deletedAt: null,
  });
  const snapshot = await call('audits.snapshot', { id });
  expect(snapshot.cells.map(({ state }) => state)).toEqual(snapshot.cells.map(() => 'done'));
  const stolen =
    (sampleAccuracy.thief - sampleAccuracy.control) / (sampleAccuracy.victim - sampleAccuracy.control);
  expect(gains(snapshot)).toEqual(
    [
      ['no-victim', 'none', 0],
      ['direct-extraction:loss=mse', 'none', expect.closeTo(stolen)],
      ['direct-extraction:loss=mse', 'rounding:decimals=1', expect.closeTo(stolen)],
    ].map((row) => [
      expect.stringContaining(String(row[0]).split(':')[0] ?? ''),
      expect.stringContaining(String(row[1]).split(':')[0] ?? ''),
      row[2],
    ]),
  );
  expect(snapshot).toMatchObject({
    stage: 'completed',
    fraction: 1,
    sequence: engine.sequence(),
    error: null,
  });
  const { result, isPartial, since } = await call('audits.result', { id });
  expect([result.auditId, result.state, isPartial, since]).toEqual([id, 'completed', false, null]);
  expect(entry?.verdict).not.toBeNull();
  expect(events.map(({ sequence }) => sequence)).toEqual(events.map((_, i) => i + 1));
});

test('a window that begins with a snapshot and hears the events after it has what the next snapshot has', async () => {
  const started = Promise.withResolvers<void>();
  const goOn = Promise.withResolvers<void>();
  open(
    pretendingWorkers(async (work) => {
      if (work.kind !== 'attack' || work.attack.id !== 'direct-extraction') return;
      started.resolve();
      await goOn.promise;
    }),
  );
  const { id } = await call('audits.start', { settings: sampleSettings });
  await started.promise;
  const before = await call('audits.snapshot', { id });
  expect(before.entry.state).toBe('running');
  expect(before.stage).toBe('running');
  const cells = new Map(before.cells.map((cell) => [cell.key, cell]));
  goOn.resolve();
  await ended(id);
  for (const { event } of events.filter(({ sequence }) => sequence > before.sequence))
    if (event.type === 'cell-result') cells.set(event.cell.key, event.cell);
  const after = await call('audits.snapshot', { id });
  expect([...cells.values()]).toEqual(after.cells);
});

test('whoever lists the audits when told to knows when one computes, resumed or not', async () => {
  let started = Promise.withResolvers<void>();
  let goOn = Promise.withResolvers<void>();
  open(
    pretendingWorkers(async () => {
      started.resolve();
      await goOn.promise;
    }),
  );
  const listed: (string | undefined)[] = [];
  engine.subscribe(({ event }) => {
    if (event.type !== 'audits-changed') return;
    void call('audits.list', {}).then(([entry]) => listed.push(entry?.state));
  });
  const { id } = await call('audits.start', { settings: sampleSettings });
  await started.promise;
  await call('audits.list', {});
  expect(listed.at(0)).toBe('preparing');
  expect(listed.at(-1)).toBe('running');
  await call('audits.stop', { id });
  goOn.resolve();
  await ended(id);
  await call('audits.list', {});
  expect(listed.at(-1)).toBe('cancelled');

  started = Promise.withResolvers();
  goOn = Promise.withResolvers();
  await call('audits.resume', { id });
  await started.promise;
  await call('audits.list', {});
  expect(listed.at(-1)).toBe('running');
  goOn.resolve();
});

test('gains told before the control was measured are told again when it is', async () => {
  // The control comes last.
  const isControl = (work: CellWork): boolean => work.kind === 'attack' && work.attack.id === 'no-victim';
  let left = 4;
  const others = Promise.withResolvers<void>();
  open(
    pretendingWorkers(async (work) => {
      if (isControl(work)) await others.promise;
      else if (--left === 0) others.resolve();
    }),
  );
  const { id } = await call('audits.start', { settings: { ...sampleSettings, workers: 2 } });
  await ended(id);
  const told = new Map(
    events.flatMap(({ event }) =>
      event.type === 'cell-result' ? [[event.cell.key, event.cell] as const] : [],
    ),
  );
  const snapshot = await call('audits.snapshot', { id });
  expect(snapshot.cells.map(({ key }) => told.get(key))).toEqual(snapshot.cells);
});

test('a failing cell says why; retrying it completes the audit', async () => {
  let isBroken = true;
  open(
    pretendingWorkers((work) => {
      if (isBroken && work.kind === 'honest')
        throw new MoatError('training-diverged', 'The loss is not finite.');
    }),
  );
  const { id } = await call('audits.start', { settings: sampleSettings });
  await ended(id);
  const failed = (await call('audits.snapshot', { id })).cells.find(({ state }) => state === 'failed');
  expect(failed).toMatchObject({ kind: 'honest', reason: 'The loss is not finite.' });
  expect((await refusal('audits.resume', { id })).code).toBe('audit-nothing-to-resume');
  const sheet = await call('audits.cell', { id, key: failed?.key ?? '' });
  expect(sheet.error?.code).toBe('training-diverged');
  // It has ended, and what it said is still there to be read.
  const said = (await call('audits.snapshot', { id })).log;
  expect(said).toContainEqual({
    level: 'error',
    message: expect.stringMatching(/: The loss is not finite\.$/) as string,
  });
  isBroken = false;
  events = [];
  await call('audits.resume', { id, retryFailed: true });
  await ended(id);
  const sheetNow = await call('audits.cell', { id, key: failed?.key ?? '' });
  expect(sheetNow.cell.state).toBe('done');
  expect(sheetNow.measurements.map(({ metric }) => metric)).toContain('honest-recall-10');
  expect((await call('audits.snapshot', { id })).log.slice(0, said.length)).toEqual(said);
});

test('what was said of an audit can be read after a restart, and is of its own time alone', async () => {
  open(
    pretendingWorkers((work) => {
      if (work.kind === 'honest') throw new MoatError('training-diverged', 'The loss is not finite.');
    }),
  );
  const { id } = await call('audits.start', { settings: sampleSettings });
  await ended(id);
  const said = (await call('audits.snapshot', { id })).log;
  expect(said.length).toBeGreaterThan(0);
  await engine.close();
  const file = path.join(folder, 'audits.log');
  const own = readFileSync(file, 'utf8');
  writeFileSync(
    file,
    `2001-01-01T00:00:00.000Z info long before\n${own}  at a stack (of.ts:1)\n2999-01-01T00:00:00.000Z error long after\n`,
  );
  open();
  expect((await call('audits.snapshot', { id })).log).toEqual(said);
  // A log that was deleted has nothing to say, and is no failure.
  rmSync(file);
  expect((await call('audits.snapshot', { id })).log).toEqual([]);
});

test('stopped at a safe point, then resumed', async () => {
  const first = Promise.withResolvers<void>();
  const goOn = Promise.withResolvers<void>();
  open(
    pretendingWorkers(async () => {
      first.resolve();
      await goOn.promise;
    }),
  );
  const { id } = await call('audits.start', { settings: sampleSettings });
  await first.promise;
  expect(await call('audits.stop', { id })).toEqual({ stopping: true });
  goOn.resolve();
  await ended(id);
  const [stopped] = await call('audits.list', {});
  expect(stopped).toMatchObject({ state: 'cancelled' });
  expect(stopped?.cellsDone).toBeLessThan(stopped?.cellsTotal ?? 0);
  expect(await call('audits.stop', { id })).toEqual({ stopping: false });
  events = [];
  await call('audits.resume', { id });
  await ended(id);
  expect((await call('audits.list', {}))[0]).toMatchObject({ state: 'completed' });
});

test('a second audit waits for the first; one that waits can be dropped', async () => {
  const first = Promise.withResolvers<void>();
  const goOn = Promise.withResolvers<void>();
  open(
    pretendingWorkers(async () => {
      first.resolve();
      await goOn.promise;
    }),
  );
  const one = await call('audits.start', { settings: sampleSettings });
  await first.promise;
  const two = await call('audits.start', { settings: { ...sampleSettings, seed: 2 } });
  const three = await call('audits.start', { settings: { ...sampleSettings, seed: 3 } });
  expect(await call('audits.snapshot', { id: two.id })).toMatchObject({ stage: 'waiting', cells: [] });
  expect((await refusal('audits.result', { id: two.id })).code).toBe('audit-unknown');
  await call('audits.stop', { id: two.id });
  goOn.resolve();
  await ended(three.id);
  const states = new Map((await call('audits.list', {})).map(({ id, state }) => [id, state]));
  expect([states.get(one.id), states.get(two.id), states.get(three.id)]).toEqual([
    'completed',
    'cancelled',
    'completed',
  ]);
});

test('closing stops what runs, and leaves it to be resumed by the next engine', async () => {
  const first = Promise.withResolvers<void>();
  const goOn = Promise.withResolvers<void>();
  open(
    pretendingWorkers(async () => {
      first.resolve();
      await goOn.promise;
    }),
  );
  const { id } = await call('audits.start', { settings: sampleSettings });
  await first.promise;
  const closed = engine.close();
  goOn.resolve();
  await closed;
  open();
  expect((await call('audits.list', {}))[0]).toMatchObject({ id, state: 'cancelled' });
  await call('audits.resume', { id });
  await ended(id);
  expect((await call('audits.list', {}))[0]).toMatchObject({ id, state: 'completed' });
});

test('where another process writes, windows look and do not start; when it has gone, they do', async () => {
  const writer = openStore(path.join(folder, 'audits.db'), {
    mode: 'write',
    owner: { pid: 4711, command: 'moat audit' },
    clock: systemClock,
  });
  open();
  expect((await call('app.hello', {})).readOnlyBecause).toContain('"moat audit" (process 4711');
  expect(await call('audits.list', {})).toEqual([]);
  expect((await refusal('audits.start', { settings: sampleSettings })).code).toBe('database-busy');
  writer.close();
  expect((await call('app.hello', {})).readOnlyBecause).toBeNull();
  const { id } = await call('audits.start', { settings: sampleSettings });
  await ended(id);
});

test.each([
  [
    'audits.start',
    { settings: { preset: 'nonsense', engine: 'onnx', device: 'cpu' } },
    'configuration-invalid',
    /nonsense/,
  ],
  ['audits.start', { settings: { presets: 'quick' } }, 'configuration-invalid', /settings: .*presets/],
  ['audits.start', { settings: { plugin: ['x.ts'] } }, 'configuration-invalid', /plugin/],
  ['audits.start', {}, 'usage', /audits\.start: settings/],
  ['audits.start', { settings: {}, extra: 1 }, 'usage', /extra/],
  ['audits.snapshot', { id: 'nobody' }, 'audit-unknown', /nobody/],
  ['audits.snapshot', { id: '../../etc/passwd' }, 'usage', /id/],
  ['audits.list', null, 'usage', /audits\.list/],
  ['audits.list', [], 'usage', /audits\.list/],
  ['constructor', {}, 'usage', /no method "constructor"/],
  ['__proto__', {}, 'usage', /no method/],
  ['', {}, 'usage', /no method/],
] as const)('%s with %j is refused: %s', async (name, request, code, sentence) => {
  open();
  const error = await refusal(name, request);
  expect(error.code).toBe(code);
  expect(error.message).toMatch(sentence);
  expect(error.stack).toBeUndefined();
});

test('a service is not asked before its spending limit is confirmed', async () => {
  open();
  const endpoint = path.join(folder, 'endpoint.json');
  writeFileSync(
    endpoint,
    JSON.stringify({
      revision: '1',
      maxSpend: 3,
      pricePerImage: 0.001,
      request: { body: { kind: 'raw' } },
      image: { size: 32 },
      response: { vectors: '/embedding' },
    }),
  );
  const settings = {
    encoder: 'https://service.example/embed',
    endpoint,
    pool: [folder],
    task: { some: folder },
    engine: 'onnx',
    device: 'cpu',
  };
  const error = await refusal('audits.start', { settings });
  expect(error).toMatchObject({ code: 'endpoint-not-confirmed', message: expect.stringMatching(/\$3\.00/) });
  expect(await call('audits.list', {})).toEqual([]);
  const { id } = await call('audits.start', { settings, confirmed: true });
  await ended(id);
  await call('audits.stop', { id });
});
