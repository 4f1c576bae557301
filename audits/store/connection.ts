import { readFileSync, statSync } from 'node:fs';
import Database from 'better-sqlite3';
import { MoatError } from '../contract/errors.ts';
import { databaseError, sqliteCodeOf } from './database-errors.ts';
import { identifyFile, markOpen } from './file-identity.ts';
import { assertNotNewer, latestVersion, migrate, schemaVersion } from './migrate.ts';
import { migrations } from './migrations/registry.ts';

/** How long a statement waits for another process's short write (a cancel request, say). */
const BUSY_TIMEOUT_MS = 5000;

export interface Connection {
  readonly database: Database.Database;
  readonly close: () => void;
}

/**
 * Opens for writing; the file must be ours or new (`identifyFile`).
 * `synchronous = FULL`: a commit is on the disk when it returns. A cell commits once and costs seconds to hours,
 * so the millisecond of the flush buys that a power cut loses no finished cell.
 */
export function connectForWriting(path: string, timeoutMs: number = BUSY_TIMEOUT_MS): Connection {
  return connect(path, { timeout: timeoutMs }, (database) => {
    database.pragma('foreign_keys = ON');
    database.pragma('synchronous = FULL');
  });
}

/**
 * Opens an existing database to read. What cannot be read in place without writing (an older schema; a folder
 * in which SQLite may not create its shared-memory file) is read from a copy in memory.
 * @throws MoatError `path-missing`, `database-not-ours`, `database-newer`, `database-corrupt`
 */
export function connectForReading(path: string): Connection {
  if (identifyFile(path) === 'new')
    throw new MoatError('path-missing', `There is no database at "${path}".`, { details: { path } });
  let connection: Connection | undefined;
  try {
    connection = connect(path, { readonly: true, timeout: BUSY_TIMEOUT_MS }, (database) =>
      assertNotNewer(database, migrations, path),
    );
    if (schemaVersion(connection.database) === latestVersion(migrations)) return connection;
    const copy = connection.database.serialize();
    connection.close();
    return connectToCopy(copy, path);
  } catch (thrown) {
    const readOnlyFolder = /^SQLITE_(CANTOPEN|READONLY)/.test(sqliteCodeOf(causeOf(thrown)) ?? '');
    if (!readOnlyFolder || hasUnmergedWrites(path)) throw thrown;
    return connectToCopy(readFileSync(path), path);
  }
}

function connect(
  path: string,
  options: Database.Options,
  prepare: (database: Database.Database) => void,
): Connection {
  let database: Database.Database | undefined;
  let unmark: (() => void) | undefined;
  try {
    const opened = new Database(path, options);
    database = opened;
    unmark = markOpen(path);
    const forget = unmark;
    prepare(opened);
    return {
      database: opened,
      close: () => {
        if (!opened.open) return;
        opened.close();
        forget();
      },
    };
  } catch (thrown) {
    database?.close();
    unmark?.();
    throw databaseError(thrown, path);
  }
}

/** File-format version bytes (sqlite.org/fileformat.html, 1.3.3): 2 is WAL, which memory cannot do; 1 is not. */
const FORMAT_VERSION_OFFSETS = [18, 19] as const;
const ROLLBACK_JOURNAL = 1;

function connectToCopy(copy: Buffer, path: string): Connection {
  for (const offset of FORMAT_VERSION_OFFSETS) copy[offset] = ROLLBACK_JOURNAL;
  const database = new Database(copy);
  try {
    migrate(database, migrations, { path, backup: false });
    database.pragma('query_only = ON');
  } catch (thrown) {
    database.close();
    throw databaseError(thrown, path);
  }
  return { database, close: () => database.close() };
}

/** A write-ahead log with content: the file alone is not the whole database. */
function hasUnmergedWrites(path: string): boolean {
  return (statSync(`${path}-wal`, { throwIfNoEntry: false })?.size ?? 0) > 0;
}

const causeOf = (thrown: unknown): unknown => (thrown instanceof Error ? thrown.cause : undefined);
