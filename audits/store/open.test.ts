import { createHash } from 'node:crypto';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { MoatError, type ErrorCode } from '../contract/errors.ts';
import {
  cellKey,
  createAudit,
  exampleId,
  exampleResult,
  fillExample,
  finishedAt,
  fixedClock,
  measurement,
  outcome,
  plannedCell,
  startedAt,
} from './fixtures/example.ts';
import { runOther, runOtherWithFileLimit } from './fixtures/other-process.ts';
import { requestCancel } from './cancel.ts';
import { applicationId, migrate } from './migrate.ts';
import { initial } from './migrations/0001-initial.ts';
import { openStore, type OpenOptions } from './open.ts';

/** Other processes need their time to start on a busy machine. */
const patienceMs = 60_000;

let folder: string;
let file: string;

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'moat-open-'));
  file = path.join(folder, 'audits.db');
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

const open = (mode: OpenOptions['mode'], more: Partial<OpenOptions> = {}): ReturnType<typeof openStore> =>
  openStore(file, { mode, clock: fixedClock, ...more });

function makeExample(): void {
  const store = open('write');
  fillExample(store);
  store.close();
}

function codeOf(action: () => unknown): { readonly code: ErrorCode; readonly message: string } {
  try {
    action();
  } catch (thrown) {
    if (thrown instanceof MoatError) return { code: thrown.code, message: thrown.message };
    throw thrown;
  }
  throw new Error('It did not throw.');
}

const digest = (name: string): string => createHash('sha256').update(readFileSync(name)).digest('hex');

describe('a new database', () => {
  test.each(['missing', 'empty'])('is made of a %s file and says whose it is', (what) => {
    if (what === 'empty') writeFileSync(file, '');
    open('write').close();
    const raw = new Database(file, { readonly: true });
    expect(raw.pragma('application_id', { simple: true })).toBe(applicationId);
    expect(raw.pragma('journal_mode', { simple: true })).toBe('wal');
    const loose = raw
      .prepare(`SELECT name FROM pragma_table_list WHERE type = 'table' AND schema = 'main' AND NOT strict`)
      .pluck()
      .all();
    expect(loose).toEqual(['sqlite_schema']);
    raw.close();
  });

  test('leaves nothing behind but the file and the empty file of the lock', () => {
    makeExample();
    expect(readdirSync(folder).sort()).toEqual(['audits.db', 'audits.db-owner']);
    expect(readFileSync(`${file}-owner`)).toHaveLength(0);
  });

  test('is not made by a reader, nor by a cancel request, nor in a folder that is not there', () => {
    expect(codeOf(() => open('read')).code).toBe('path-missing');
    expect(codeOf(() => requestCancel(file, exampleId, fixedClock)).code).toBe('path-missing');
    expect(readdirSync(folder)).toEqual([]);
    const lost = path.join(folder, 'no', 'such.db');
    expect(codeOf(() => openStore(lost, { mode: 'write', clock: fixedClock })).code).toBe('path-missing');
  });
});

describe('a file that is not ours', () => {
  const foreign: readonly (readonly [string, () => void])[] = [
    ['a text file', () => writeFileSync(file, 'a letter to a friend\n'.repeat(500))],
    ['a file of two bytes', () => writeFileSync(file, 'hi')],
    [
      'the database of another program, mid-transaction log and all',
      () => {
        const raw = new Database(file);
        raw.pragma('journal_mode = WAL');
        raw.exec('CREATE TABLE customers (name TEXT); PRAGMA application_id = 7');
        raw.close();
      },
    ],
    ['an SQLite database without an owner', () => new Database(file).exec('CREATE TABLE t (x)').close()],
  ];

  test.each(foreign)('%s is refused and not touched', (_what, make) => {
    make();
    const before = digest(file);
    for (const mode of ['write', 'read'] as const) {
      const { code, message } = codeOf(() => open(mode));
      expect(code).toBe('database-not-ours');
      expect(message).toContain(file);
    }
    expect(codeOf(() => requestCancel(file, exampleId, fixedClock)).code).toBe('database-not-ours');
    expect(digest(file)).toBe(before);
    expect(readdirSync(folder)).toEqual(['audits.db']);
  });

  test('a folder or a device is refused', () => {
    mkdirSync(file);
    expect(codeOf(() => open('write'))).toMatchObject({
      code: 'database-not-ours',
      message: expect.stringContaining('it is a folder') as string,
    });
    expect(codeOf(() => openStore('/dev/null', { mode: 'write', clock: fixedClock })).code).toBe(
      'database-not-ours',
    );
  });
});

describe('versions', () => {
  test('a newer database is refused in every mode and not changed', () => {
    makeExample();
    const raw = new Database(file);
    raw.pragma('user_version = 99');
    raw.close();
    const before = digest(file);
    for (const mode of ['write', 'read'] as const)
      expect(codeOf(() => open(mode)).code).toBe('database-newer');
    expect(codeOf(() => requestCancel(file, exampleId, fixedClock)).code).toBe('database-newer');
    expect(digest(file)).toBe(before);
  });

  test('a result of a newer schema is refused', () => {
    makeExample();
    const raw = new Database(file);
    raw.exec('UPDATE reports SET schema_version = 99');
    raw.close();
    const store = open('read');
    expect(codeOf(() => store.reports.get(exampleId)).code).toBe('database-newer');
    store.close();
  });

  /** The example as schema version 1 left it. */
  function makeVersionOne(): void {
    makeExample();
    const raw = new Database(file);
    for (const view of raw
      .prepare<[], string>(`SELECT name FROM sqlite_schema WHERE type = 'view'`)
      .pluck()
      .all())
      raw.exec(`DROP VIEW ${view}`);
    for (const column of ['tags', 'note', 'deleted_at']) raw.exec(`ALTER TABLE audits DROP COLUMN ${column}`);
    raw.pragma('user_version = 1');
    raw.close();
  }

  test('an older database is migrated by a writer, after a copy of it was made', () => {
    makeVersionOne();
    const store = open('write');
    expect(store.reports.get(exampleId)).toStrictEqual(exampleResult);
    store.close();
    const copy = new Database(`${file}.version-1.backup`, { readonly: true });
    expect(copy.pragma('user_version', { simple: true })).toBe(1);
    expect(copy.prepare('SELECT count(*) FROM cells').pluck().get()).toBe(6);
    copy.close();
  });

  test('an older database is read as it is, without being changed', () => {
    makeVersionOne();
    const before = digest(file);
    const store = open('read');
    expect(store.audits.list()).toHaveLength(1);
    expect(store.reports.get(exampleId)).toStrictEqual(exampleResult);
    store.close();
    expect(digest(file)).toBe(before);
  });

  test('a migration that fails changes nothing', () => {
    makeVersionOne();
    const raw = new Database(file);
    const broken = {
      version: 2,
      up: (database: Database.Database) => void database.exec('CREATE TABLE half (x) STRICT; nonsense'),
    };
    expect(() => migrate(raw, [initial, broken], { path: file, backup: false })).toThrow();
    expect(raw.pragma('user_version', { simple: true })).toBe(1);
    expect(raw.prepare(`SELECT count(*) FROM sqlite_schema WHERE name = 'half'`).pluck().get()).toBe(0);
    raw.close();
  });
});

describe('a damaged database', () => {
  test('cut short is refused as corrupt', () => {
    makeExample();
    truncateSync(file, 20_000);
    expect(codeOf(() => open('write')).code).toBe('database-corrupt');
    expect(codeOf(() => open('read')).code).toBe('database-corrupt');
  });

  test('with a broken header version is refused as corrupt', () => {
    makeExample();
    const bytes = readFileSync(file);
    bytes.writeUInt16BE(77, 16);
    writeFileSync(file, bytes);
    expect(codeOf(() => open('write')).code).toBe('database-corrupt');
  });

  test('is found by the check that follows a kill, even where no query looks', () => {
    makeExample();
    const raw = new Database(file);
    raw.exec('UPDATE writer SET closed_at = NULL');
    const page = raw
      .prepare<[], number>(`SELECT rootpage FROM sqlite_schema WHERE name = 'flags'`)
      .pluck()
      .get();
    const pageSize = Number(raw.pragma('page_size', { simple: true }));
    raw.close();
    const bytes = readFileSync(file);
    bytes.fill(0xff, ((page ?? 0) - 1) * pageSize, (page ?? 0) * pageSize);
    writeFileSync(file, bytes);
    expect(codeOf(() => open('write')).code).toBe('database-corrupt');
  });
});

describe('no room', { timeout: patienceMs }, () => {
  test('a full disk refuses one cell whole and keeps the finished ones', () => {
    const store = open('write', { maxPageCount: 80 });
    createAudit(store, exampleId);
    const items = new Float32Array(2000);
    const finish = (key: string): void => {
      store.cells.plan(exampleId, [plannedCell(key)]);
      store.cells.finish(cellKey(key), outcome([measurement(0.5, { items })]), finishedAt);
    };
    const finished: string[] = [];
    const { code, message } = codeOf(() => {
      for (let i = 0; ; i++) {
        finish(`k${i}`);
        finished.push(cellKey(`k${i}`));
      }
    });
    expect(code).toBe('disk-full');
    expect(message).toContain(file);
    store.close();
    const again = open('write');
    const done = again.cells.byAudit(exampleId).filter(({ state }) => state === 'done');
    expect(done.map(({ key }) => key)).toEqual(finished);
    expect(finished.length).toBeGreaterThan(2);
    again.close();
  });

  test('an end that does not fit is known to its process, and the next one finds the audit interrupted', () => {
    const store = open('write', { maxPageCount: 80 });
    createAudit(store, exampleId);
    store.audits.setState(exampleId, 'running', startedAt);
    const error = { code: 'disk-full', message: 'x'.repeat(1_000_000), details: {} } as const;
    expect(codeOf(() => store.audits.setState(exampleId, 'failed', finishedAt, error)).code).toBe(
      'disk-full',
    );
    expect(store.audits.get(exampleId)).toMatchObject({ state: 'failed', finishedAt, error });
    expect(store.audits.list()).toMatchObject([{ state: 'failed', finishedAt }]);
    store.close();

    const next = open('write');
    expect(next.audits.get(exampleId)).toMatchObject({ state: 'interrupted', error: null });
    next.close();
  });

  test('once such an audit goes on, what is stored is what is read', () => {
    const store = open('write', { maxPageCount: 80 });
    createAudit(store, exampleId);
    const error = { code: 'disk-full', message: 'x'.repeat(1_000_000), details: {} } as const;
    codeOf(() => store.audits.setState(exampleId, 'failed', finishedAt, error));
    store.audits.setState(exampleId, 'running', startedAt);
    expect(store.audits.get(exampleId)).toMatchObject({ state: 'running', finishedAt: null, error: null });
    store.close();
  });

  test('a database that does not even fit its tables is refused as a full disk', () => {
    expect(codeOf(() => open('write', { maxPageCount: 4 })).code).toBe('disk-full');
    open('write').close();
  });

  test.skipIf(process.platform === 'win32')('a limit on the size of files reads as a full disk', () => {
    expect(runOtherWithFileLimit('write-until-refused', file, 400)).toMatchObject([{ code: 'disk-full' }]);
    const store = open('write');
    const done = store.cells.byAudit(exampleId).filter(({ state }) => state === 'done');
    expect(done.length).toBeGreaterThan(2);
    for (const { key } of done) expect(store.measurements.byCell(key)).toHaveLength(20);
    store.close();
  });
});

describe.skipIf(process.platform === 'win32')('without the right to write', { timeout: patienceMs }, () => {
  const isRoot = process.getuid?.() === 0;
  /** Permission bits mean nothing to root, so the other process gives its rights up. */
  function runWithoutRights(action: string): readonly unknown[] {
    if (!isRoot) return runOther(action, file);
    const scratch = path.join(folder, 'scratch.db');
    return runOther(action, file, { MOAT_TEST_AS_NOBODY: '1', MOAT_TEST_SCRATCH: scratch });
  }
  function forbidWriting(): void {
    for (const name of readdirSync(folder)) chmodSync(path.join(folder, name), 0o444);
    chmodSync(folder, 0o555);
  }
  afterEach(() => chmodSync(folder, 0o755));

  test('a writer is refused', () => {
    makeExample();
    forbidWriting();
    const before = digest(file);
    expect(runWithoutRights('open-write')).toMatchObject([
      { code: 'database-read-only', message: expect.stringContaining(file) as string },
    ]);
    expect(runWithoutRights('request-cancel')).toMatchObject([{ code: 'database-read-only' }]);
    expect(digest(file)).toBe(before);
  });

  test('a writer of a read-only file in a writable folder is refused', () => {
    makeExample();
    chmodSync(file, 0o444);
    chmodSync(folder, 0o777);
    chmodSync(`${file}-owner`, 0o666);
    expect(runWithoutRights('open-write')).toMatchObject([{ code: 'database-read-only' }]);
  });

  test('a reader reads, and leaves no file behind', () => {
    makeExample();
    forbidWriting();
    expect(runWithoutRights('open-read')).toEqual([[{ id: exampleId, state: 'completed' }]]);
    chmodSync(folder, 0o755);
    expect(
      readdirSync(folder)
        .filter((name) => name.startsWith('audits.db-'))
        .sort(),
    ).toEqual(['audits.db-owner']);
  });

  test('a file that may not even be read is refused in one sentence', () => {
    makeExample();
    chmodSync(file, 0o000);
    if (isRoot) chownSync(file, 0, 0);
    chmodSync(folder, 0o755);
    expect(runWithoutRights('open-read')).toMatchObject([{ code: 'database-read-only' }]);
  });
});

test('closing twice is harmless, and the database can be opened again in the same process', () => {
  const store = open('write');
  store.close();
  store.close();
  open('write').close();
  expect(existsSync(file)).toBe(true);
});
