import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { MoatError } from '../contract/errors.ts';
import {
  auditId,
  cellKey,
  createAudit,
  exampleCells,
  exampleConfig,
  exampleEnvironment,
  exampleId,
  examplePreparation,
  exampleResult,
  fillExample,
  finishedAt,
  fixedClock,
  measurement,
  outcome,
  plannedCell,
  startedAt,
} from './fixtures/example.ts';
import { openStore } from './open.ts';
import type { Store } from './types.ts';

let folder: string;
let file: string;
let store: Store;

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'moat-store-'));
  file = path.join(folder, 'audits.db');
  store = openStore(file, { mode: 'write', clock: fixedClock });
});

afterEach(() => {
  store.close();
  rmSync(folder, { recursive: true, force: true });
});

function reopen(): void {
  store.close();
  store = openStore(file, { mode: 'write', clock: fixedClock });
}

describe('audits', () => {
  test('come back as they were created and prepared, after reopening too', () => {
    createAudit(store, exampleId);
    store.audits.setPreparation(exampleId, examplePreparation);
    store.audits.setState(exampleId, 'completed', finishedAt);
    reopen();
    expect(store.audits.get(exampleId)).toStrictEqual({
      id: exampleId,
      createdAt: startedAt,
      finishedAt,
      state: 'completed',
      moatVersion: '0.1.0',
      config: exampleConfig,
      preparation: examplePreparation,
      environment: exampleEnvironment,
      error: null,
    });
  });

  test('are listed newest first, equal times in reverse order of creation, with their counts', () => {
    createAudit(store, auditId('older'), '2026-01-01T00:00:00.000Z');
    fillExample(store);
    createAudit(store, auditId('twin'), startedAt);
    expect(store.audits.list().map(({ id }) => id)).toEqual(['twin', exampleId, 'older']);
    expect(store.audits.list()[1]).toStrictEqual({
      id: exampleId,
      createdAt: startedAt,
      finishedAt,
      state: 'completed',
      encoder: 'builtin:demo',
      preset: 'quick',
      cellsTotal: 6,
      cellsDone: 5,
      cellsFailed: 0,
      tags: [],
      note: '',
      deletedAt: null,
      verdicts: ['fail'],
    });
    expect(store.audits.list()[0]?.verdicts).toBeNull();
  });

  test('what people write on them is kept until it is written anew', () => {
    createAudit(store, exampleId);
    store.audits.annotate(exampleId, { tags: ['release, 3', 'léger'], note: 'line one\nline two' });
    store.audits.annotate(exampleId, {});
    expect(store.audits.list()[0]).toMatchObject({
      tags: ['release, 3', 'léger'],
      note: 'line one\nline two',
    });
    store.audits.annotate(exampleId, { tags: [] });
    expect(store.audits.list()[0]).toMatchObject({ tags: [], note: 'line one\nline two' });
    expect(() => store.audits.annotate(auditId('nobody'), { note: '' })).toThrow(/no audit "nobody"/);
  });

  test('deleted ones are out of sight until they are restored', () => {
    fillExample(store);
    createAudit(store, auditId('twin'), startedAt);
    store.audits.setDeleted(exampleId, finishedAt);
    expect(store.audits.list().map(({ id }) => id)).toEqual(['twin']);
    expect(store.audits.list({ deleted: true }).map(({ id, deletedAt }) => [id, deletedAt])).toEqual([
      ['twin', null],
      [exampleId, finishedAt],
    ]);
    store.audits.setDeleted(exampleId, null);
    expect(store.audits.list()).toHaveLength(2);
    expect(() => store.audits.setDeleted(auditId('nobody'), null)).toThrow(/no audit "nobody"/);
  });

  test('erasing takes deleted audits and what only they had measured', () => {
    fillExample(store);
    const keys = store.cells.byAudit(exampleId).map(({ key }) => key);
    const [shared] = store.cells.byAudit(exampleId);
    if (shared === undefined) throw new Error('the example has cells');
    const twin = auditId('twin');
    createAudit(store, twin, startedAt);
    store.cells.plan(twin, [{ ...shared, state: 'pending', reason: null }]);
    expect(store.audits.erase()).toEqual({ folders: [], files: [] });
    expect(store.cells.byAudit(exampleId)).toHaveLength(keys.length);

    store.audits.setDeleted(exampleId, finishedAt);
    const erasable = store.audits.erasable();
    expect(store.audits.erase()).toEqual(erasable);
    expect(erasable.folders).toEqual([examplePreparation.folder]);
    expect(store.audits.list({ deleted: true }).map(({ id }) => id)).toEqual([twin]);
    expect(store.reports.get(exampleId)).toBeUndefined();
    expect(keys.filter((key) => store.cells.get(key) !== undefined)).toEqual([shared.key]);
    expect(store.measurements.byCell(shared.key).length).toBeGreaterThan(0);
  });

  test('an unknown id is undefined to read and an error to change', () => {
    const unknown = auditId('nobody');
    expect(store.audits.get(unknown)).toBeUndefined();
    expect(store.audits.cancelRequested(unknown)).toBe(false);
    expect(() => store.audits.setState(unknown, 'running', startedAt)).toThrow(/no audit "nobody"/);
    expect(() => store.audits.setPreparation(unknown, examplePreparation)).toThrow(MoatError);
    expect(() => store.audits.requestCancel(unknown)).toThrow(/no audit "nobody"/);
  });

  test('an error is kept with its details, however odd, and cleared by the next state', () => {
    createAudit(store, exampleId);
    const circular: Record<string, unknown> = { loss: Number.NaN, size: 10n };
    circular['self'] = circular;
    const error = new MoatError('training-diverged', 'The loss is not finite.', { details: circular });
    store.audits.setState(exampleId, 'failed', finishedAt, error.toJSON());
    expect(store.audits.get(exampleId)?.error).toMatchObject({
      code: 'training-diverged',
      details: { loss: 'NaN', size: '10', self: '[circular]' },
    });
    store.audits.setState(exampleId, 'running', finishedAt);
    expect(store.audits.get(exampleId)).toMatchObject({ state: 'running', error: null, finishedAt: null });
  });

  test('a cancel request outlives preparation and does not stop the resumed audit', () => {
    createAudit(store, exampleId);
    store.audits.requestCancel(exampleId);
    store.audits.setState(exampleId, 'running', startedAt);
    expect(store.audits.cancelRequested(exampleId)).toBe(true);
    store.audits.setState(exampleId, 'cancelled', finishedAt);
    store.audits.setState(exampleId, 'running', finishedAt);
    expect(store.audits.cancelRequested(exampleId)).toBe(false);
  });

  test('whatever still claims to run when a writer opens was killed: it is interrupted', () => {
    createAudit(store, exampleId);
    store.audits.setState(exampleId, 'running', startedAt);
    store.audits.requestCancel(exampleId);
    reopen();
    expect(store.audits.get(exampleId)?.state).toBe('interrupted');
    expect(store.audits.cancelRequested(exampleId)).toBe(false);
  });
});

describe('cells', () => {
  beforeEach(() => createAudit(store, exampleId));

  test('come back in the order planned, with everything that was planned', () => {
    store.cells.plan(exampleId, exampleCells);
    expect(store.cells.byAudit(exampleId)).toEqual(
      exampleCells.map((cell) => ({
        ...cell,
        startedAt: null,
        finishedAt: null,
        elapsedMs: null,
        attempts: 0,
        diagnostics: {},
        ledger: [],
        artifacts: [],
        error: null,
      })),
    );
  });

  test('planning again adds nothing twice and keeps the order; new cells come last', () => {
    store.cells.plan(exampleId, exampleCells);
    store.cells.plan(exampleId, [plannedCell('later'), ...exampleCells]);
    expect(store.cells.byAudit(exampleId).map(({ key }) => key)).toEqual([
      ...exampleCells.map(({ key }) => key),
      cellKey('later'),
    ]);
  });

  test('a finished cell holds its outcome bit for bit', () => {
    const items = Float32Array.of(0.1, -1e-38, 3.4e38, 0);
    const found = outcome(
      [measurement(1 / 3, { items, n: 4 }), measurement(0.25, { task: null, unit: 'nats' })],
      {
        ledger: [
          { account: 1, rows: 3, uniqueInputs: 3, bytesSent: 9, bytesReceived: 12 },
          { account: 0, rows: 2, uniqueInputs: 1, bytesSent: 6, bytesReceived: 8 },
        ],
        artifacts: [{ path: 'b/model.bin', sha256: 'ab', sizeBytes: 2 ** 40, kind: 'surrogate' }],
      },
    );
    store.cells.plan(exampleId, [plannedCell('one')]);
    store.cells.setRunning(cellKey('one'), startedAt);
    store.cells.finish(cellKey('one'), found, finishedAt);
    reopen();
    expect(store.measurements.byCell(cellKey('one'))).toStrictEqual(found.measurements);
    expect(store.cells.get(cellKey('one'))).toMatchObject({
      state: 'done',
      startedAt,
      finishedAt,
      elapsedMs: 4200,
      attempts: 1,
      diagnostics: found.diagnostics,
      ledger: found.ledger,
      artifacts: found.artifacts,
    });
  });

  test('a finished cell never changes: finishing again is ignored, failing or running it is a bug', () => {
    store.cells.plan(exampleId, [plannedCell('one')]);
    store.cells.finish(cellKey('one'), outcome([measurement(0.5)]), finishedAt);
    const before = store.cells.get(cellKey('one'));
    store.cells.finish(cellKey('one'), outcome([measurement(0.9)], { elapsedMs: 1 }), startedAt);
    expect(store.cells.get(cellKey('one'))).toStrictEqual(before);
    expect(store.measurements.byCell(cellKey('one'))).toEqual([measurement(0.5)]);
    const error = new MoatError('worker-died', 'The worker died.').toJSON();
    expect(() => store.cells.fail(cellKey('one'), error, finishedAt)).toThrow(/done and cannot be failed/);
    expect(() => store.cells.setRunning(cellKey('one'), finishedAt)).toThrow(/done and cannot be run again/);
    expect(store.cells.requeue(exampleId, { failed: true })).toBe(0);
  });

  test.each([
    ['a value that is not finite', outcome([measurement(0.5), measurement(Number.NaN, { metric: 'cka' })])],
    ['a diagnostic that is not finite', outcome([measurement(0.5)], { diagnostics: { loss: Infinity } })],
    ['one metric twice', outcome([measurement(0.5, { task: null }), measurement(0.6, { task: null })])],
  ])('an outcome with %s is refused whole', (_what, broken) => {
    store.cells.plan(exampleId, [plannedCell('one')]);
    store.cells.setRunning(cellKey('one'), startedAt);
    expect(() => store.cells.finish(cellKey('one'), broken, finishedAt)).toThrow(MoatError);
    expect(store.cells.get(cellKey('one'))?.state).toBe('running');
    expect(store.measurements.byCell(cellKey('one'))).toEqual([]);
  });

  test('requeue takes back running cells, and failed ones when asked', () => {
    store.cells.plan(exampleId, [plannedCell('runs'), plannedCell('fails'), plannedCell('waits')]);
    store.cells.setRunning(cellKey('runs'), startedAt);
    store.cells.setRunning(cellKey('fails'), startedAt);
    const error = new MoatError('worker-died', 'The worker died.').toJSON();
    store.cells.fail(cellKey('fails'), error, finishedAt);
    expect(store.cells.get(cellKey('fails'))).toMatchObject({ state: 'failed', error, finishedAt });
    expect(store.cells.requeue(exampleId, { failed: false })).toBe(1);
    const states = (): readonly string[] => store.cells.byAudit(exampleId).map(({ state }) => state);
    expect(states()).toEqual(['pending', 'failed', 'pending']);
    expect(store.cells.requeue(exampleId, { failed: true })).toBe(1);
    expect(states()).toEqual(['pending', 'pending', 'pending']);
    expect(store.cells.get(cellKey('fails'))).toMatchObject({ error: null, finishedAt: null, attempts: 1 });
  });

  test('a cell nobody planned is unknown', () => {
    expect(store.cells.get(cellKey('none'))).toBeUndefined();
    expect(() => store.cells.finish(cellKey('none'), outcome([]), finishedAt)).toThrow(
      /No audit has planned/,
    );
    expect(store.measurements.byCell(cellKey('none'))).toEqual([]);
  });
});

describe('a key planned by two audits', () => {
  const second = auditId('second');
  beforeEach(() => {
    createAudit(store, exampleId);
    createAudit(store, second);
  });

  test('is run once: the second audit finds state, spelling of its own, and measurements', () => {
    store.cells.plan(exampleId, [plannedCell('shared'), plannedCell('first')]);
    store.cells.finish(cellKey('shared'), outcome([measurement(0.75)]), finishedAt);
    store.cells.plan(second, [plannedCell('own'), plannedCell('shared', { attackLabel: 'renamed' })]);
    expect(store.cells.byAudit(second).map(({ key, state }) => [key, state])).toEqual([
      [cellKey('own'), 'pending'],
      [cellKey('shared'), 'done'],
    ]);
    expect(store.cells.byAudit(second)[1]?.attackLabel).toBe('renamed');
    expect(store.cells.byAudit(exampleId)[0]?.attackLabel).toBe('direct-extraction:loss=mse');
    expect([...store.measurements.byAudit(second)]).toEqual([[cellKey('shared'), [measurement(0.75)]]]);
    expect([...store.measurements.byAudit(exampleId)]).toEqual([[cellKey('shared'), [measurement(0.75)]]]);
  });

  test('may be left out by one and run by the other', () => {
    const reason = 'The pool has 400 images, the budget is 500.';
    store.cells.plan(exampleId, [plannedCell('shared', { state: 'not-run', reason })]);
    expect(store.cells.get(cellKey('shared'))).toMatchObject({ state: 'not-run', reason });
    store.cells.plan(second, [plannedCell('shared')]);
    expect(store.cells.byAudit(exampleId)[0]).toMatchObject({ state: 'not-run', reason });
    expect(store.cells.byAudit(second)[0]).toMatchObject({ state: 'pending', reason: null });
    store.cells.finish(cellKey('shared'), outcome([measurement(0.75)]), finishedAt);
    expect(store.cells.byAudit(exampleId)[0]).toMatchObject({ state: 'done', reason: null });
  });

  test('is requeued only by an audit that planned it', () => {
    store.cells.plan(exampleId, [plannedCell('one')]);
    store.cells.setRunning(cellKey('one'), startedAt);
    expect(store.cells.requeue(second, { failed: true })).toBe(0);
    expect(store.cells.get(cellKey('one'))?.state).toBe('running');
  });
});

describe('a cell in the place of another', () => {
  const keys = () => store.cells.byAudit(exampleId).map(({ key }) => key);

  test('stands where the other stood; the other audit keeps its own', () => {
    createAudit(store, exampleId);
    const second = auditId('second');
    createAudit(store, second);
    for (const id of [exampleId, second])
      store.cells.plan(id, [plannedCell('one'), plannedCell('two'), plannedCell('three')]);
    store.cells.replace(exampleId, cellKey('two'), plannedCell('smaller', { estimatedMs: 7 }));
    expect(keys()).toEqual(['one', 'smaller', 'three'].map(cellKey));
    expect(store.cells.byAudit(exampleId)[1]).toMatchObject({ state: 'pending', estimatedMs: 7 });
    expect(store.cells.byAudit(second).map(({ key }) => key)).toEqual(['one', 'two', 'three'].map(cellKey));
  });

  test('that was planned besides stands there once, with its results', () => {
    createAudit(store, exampleId);
    store.cells.plan(exampleId, [plannedCell('one'), plannedCell('two')]);
    store.cells.setRunning(cellKey('two'), startedAt);
    store.cells.replace(exampleId, cellKey('one'), plannedCell('two'));
    expect(keys()).toEqual([cellKey('two')]);
    expect(store.cells.byAudit(exampleId)[0]?.state).toBe('running');
  });

  test('needs one that was planned', () => {
    createAudit(store, exampleId);
    expect(() => store.cells.replace(exampleId, cellKey('nobody'), plannedCell('two'))).toThrow(MoatError);
    expect(keys()).toEqual([]);
  });
});

describe('reports', () => {
  test('a saved result reads back equal, and a second save replaces it', () => {
    fillExample(store);
    expect(store.reports.get(exampleId)).toStrictEqual(exampleResult);
    const changed = { ...exampleResult, headline: 'New.', matrix: exampleResult.matrix.slice(1) };
    store.reports.save(exampleId, changed, finishedAt);
    reopen();
    expect(store.reports.get(exampleId)).toStrictEqual(changed);
  });

  test('an audit without a result has none; an audit that does not exist can have none', () => {
    createAudit(store, exampleId);
    expect(store.reports.get(exampleId)).toBeUndefined();
    expect(() => store.reports.save(auditId('nobody'), exampleResult, finishedAt)).toThrow(MoatError);
  });
});

test('the artifact folder lies beside the database and carries its name', () => {
  expect(store.artifactFolder).toBe(path.join(folder, 'audits.artifacts'));
});
