import { existsSync } from 'node:fs';
import Database from 'better-sqlite3';
import { MoatError } from '../contract/errors.ts';
import { databaseError, sqliteCodeOf } from './database-errors.ts';

/** Long enough to outlast a reader's probe, short enough to refuse at once. */
const WAIT_MS = 250;

/** The process that writes a database: shown to whoever is refused. */
export interface Owner {
  readonly pid: number;
  readonly command: string;
}

/**
 * The right to write, as a lock of the operating system on an empty file beside the database: a kill -9 frees it,
 * and no stale pid can hold it. The file is left behind, for deleting it would let two processes lock two files
 * of the same name.
 */
export interface OwnerLock {
  release(): void;
}

export const ownerLockPath = (path: string): string => `${path}-owner`;

/**
 * @param describeOwner who holds the database, when known
 * @throws MoatError `database-busy`, `database-read-only`
 */
export function takeOwnerLock(path: string, describeOwner: () => string): OwnerLock {
  let lock: Database.Database | undefined;
  try {
    lock = new Database(ownerLockPath(path), { timeout: WAIT_MS });
    lock.pragma('journal_mode = MEMORY');
    lock.exec('BEGIN EXCLUSIVE');
  } catch (thrown) {
    lock?.close();
    if (sqliteCodeOf(thrown)?.startsWith('SQLITE_BUSY') !== true) throw databaseError(thrown, path);
    throw new MoatError('database-busy', `The database "${path}" is in use by ${describeOwner()}.`, {
      details: { path },
      cause: thrown,
    });
  }
  const held = lock;
  return { release: () => held.close() };
}

/** Whether some living process holds the right to write. Touches nothing. */
export function isOwned(path: string): boolean {
  const lockPath = ownerLockPath(path);
  if (!existsSync(lockPath)) return false;
  const probe = new Database(lockPath, { readonly: true, timeout: 0 });
  try {
    probe.pragma('schema_version');
    return false;
  } catch (thrown) {
    if (sqliteCodeOf(thrown)?.startsWith('SQLITE_BUSY') === true) return true;
    throw databaseError(thrown, path);
  } finally {
    probe.close();
  }
}
