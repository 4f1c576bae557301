import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { MoatError } from '../contract/errors.ts';
import { createRng } from '../rng.ts';
import { requestCancel } from './cancel.ts';
import { auditId, createAudit, exampleId, fillExample, fixedClock } from './fixtures/example.ts';
import { killOthers, runOther, startOther } from './fixtures/other-process.ts';
import { openStore, type OpenOptions } from './open.ts';

/** Other processes need their time to start on a busy machine. */
const patienceMs = 60_000;

let folder: string;
let file: string;

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'moat-processes-'));
  file = path.join(folder, 'audits.db');
});

afterEach(() => {
  killOthers();
  rmSync(folder, { recursive: true, force: true });
});

const open = (mode: OpenOptions['mode']): ReturnType<typeof openStore> =>
  openStore(file, { mode, clock: fixedClock });

function codeOf(action: () => unknown): { readonly code: string; readonly message: string } {
  try {
    action();
  } catch (thrown) {
    if (thrown instanceof MoatError) return { code: thrown.code, message: thrown.message };
    throw thrown;
  }
  throw new Error('It did not throw.');
}

/** The locks of this process on the database, where the system (Linux) shows them. */
function systemLocks(): readonly string[] {
  if (!existsSync('/proc/locks')) return [];
  const locks = readFileSync('/proc/locks', 'utf8').split('\n');
  const mine = locks.filter((line) => line.includes(`:${statSync(file).ino} `));
  expect(mine).not.toHaveLength(0);
  return mine.map((line) => line.replace(/^\d+: /, ''));
}

describe('one writer', { timeout: patienceMs }, () => {
  test('a second one is refused with the name of the first, until that ends', async () => {
    const other = await startOther('hold', file);
    expect(codeOf(() => open('write'))).toEqual({
      code: 'database-busy',
      message: `The database "${file}" is in use by "moat audit other.onnx" (process ${other.pid}, since 2026-01-02T03:04:05.000Z).`,
    });
    await other.end();
    open('write').close();
  });

  test('a second one in the same process is refused too, and harms nothing', () => {
    const store = open('write');
    expect(() => open('write')).toThrow(/in use by "moat"/);
    createAudit(store, exampleId);
    expect(runOther('open-write', file)).toMatchObject([{ code: 'database-busy' }]);
    store.close();
  });

  test('a killed one holds nothing', async () => {
    const other = await startOther('hold', file);
    await other.kill();
    open('write').close();
  });

  test('keeps its lock while this process opens and closes readers', () => {
    const store = open('write');
    createAudit(store, exampleId);
    const before = systemLocks();
    open('read').close();
    open('read').close();
    // SQLite's own lock too: without it another process may take itself for the last one and end the log.
    expect(systemLocks()).toEqual(before);
    expect(runOther('open-write', file)).toMatchObject([{ code: 'database-busy' }]);
    expect(runOther('request-cancel', file)).toEqual(['preparing']);
    expect(store.audits.cancelRequested(exampleId)).toBe(true);
    store.audits.setState(exampleId, 'completed', '2026-01-01T00:00:00.000Z');
    store.close();
    const reader = open('read');
    expect(reader.audits.get(exampleId)?.state).toBe('completed');
    reader.close();
  });
});

describe('readers', { timeout: patienceMs }, () => {
  test('see what a writer in another process commits, while it writes', async () => {
    const other = await startOther('write-forever', file);
    const reader = open('read');
    const finished = (): number =>
      reader.cells.byAudit(exampleId).filter(({ state }) => state === 'done').length;
    const before = finished();
    await sleep(150);
    const after = finished();
    expect(reader.audits.get(exampleId)?.state).toBe('running');
    expect(after).toBeGreaterThan(before);
    await other.kill();
    expect(reader.audits.get(exampleId)?.state).toBe('interrupted');
    expect(reader.audits.list()[0]?.state).toBe('interrupted');
    reader.close();
  });

  test('need no log file, and cannot write', () => {
    const store = open('write');
    fillExample(store);
    store.close();
    const reader = open('read');
    expect(reader.audits.list()).toHaveLength(1);
    expect(() => reader.audits.setState(exampleId, 'failed', '')).toThrow(/read-only/);
    reader.close();
  });
});

describe('a cancel request', { timeout: patienceMs }, () => {
  test('reaches the writer from another process', () => {
    const store = open('write');
    createAudit(store, exampleId);
    expect(store.audits.cancelRequested(exampleId)).toBe(false);
    expect(runOther('request-cancel', file)).toEqual(['preparing']);
    expect(store.audits.cancelRequested(exampleId)).toBe(true);
    store.close();
  });

  test('gets through to a busy writer, through a reader as well', async () => {
    const other = await startOther('write-forever', file);
    const reader = open('read');
    reader.audits.requestCancel(exampleId);
    expect(reader.audits.cancelRequested(exampleId)).toBe(true);
    reader.close();
    await other.kill();
  });

  test('for an unknown audit is an error, for an ended one it changes nothing', () => {
    const store = open('write');
    fillExample(store);
    expect(() => requestCancel(file, auditId('nobody'), fixedClock)).toThrow(/no audit "nobody"/);
    expect(requestCancel(file, exampleId, fixedClock)).toBe('completed');
    expect(store.audits.cancelRequested(exampleId)).toBe(false);
    store.close();
  });
});

test(
  'kill -9 at random moments leaves a sound database without a half-finished cell',
  async () => {
    const rng = createRng('kills');
    let finishedBefore = 0;
    for (let round = 0; round < 5; round++) {
      const other = await startOther('write-forever', file);
      // Some cells first, however busy the machine is; then any moment of the writing.
      while (finishedCells() < finishedBefore + 3) await sleep(5);
      await sleep(rng.integer(180));
      await other.kill();

      const raw = new Database(file);
      expect(raw.pragma('integrity_check', { simple: true })).toBe('ok');
      expect(raw.pragma('foreign_key_check')).toEqual([]);
      const broken = raw
        .prepare(
          `SELECT key, state, count(measurements.id) AS measured,
           (SELECT count(*) FROM ledger_entries WHERE cell_key = key) AS entries
         FROM cells LEFT JOIN measurements ON cell_key = key GROUP BY key
         HAVING measured <> iif(state = 'done', 20, 0) OR entries <> iif(state = 'done', 1, 0)`,
        )
        .all();
      expect(broken).toEqual([]);
      raw.close();
      const finished = finishedCells();
      expect(finished).toBeGreaterThanOrEqual(finishedBefore + 3);
      finishedBefore = finished;
    }
    expect(finishedBefore).toBeGreaterThan(10);
    const store = open('write');
    expect(store.audits.get(exampleId)?.state).toBe('interrupted');
    expect(store.cells.requeue(exampleId, { failed: false })).toBeLessThanOrEqual(1);
    expect(store.cells.byAudit(exampleId).some(({ state }) => state === 'running')).toBe(false);
    store.close();
  },
  patienceMs,
);

/** Cells that are done in the file of the test. */
function finishedCells(): number {
  const connection = new Database(file, { readonly: true });
  try {
    return Number(connection.prepare(`SELECT count(*) FROM cells WHERE state = 'done'`).pluck().get());
  } finally {
    connection.close();
  }
}
