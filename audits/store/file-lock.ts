import { accessSync, constants, existsSync } from 'node:fs';
import Database from 'better-sqlite3';
import { sqliteCodeOf } from './database-errors.ts';

/** Long enough to outlast a reader's probe, short enough to refuse at once. */
const WAIT_MS = 250;

/**
 * A lock of the operating system on an empty file: a kill -9 frees it, and no stale pid can hold it. The file is left
 * behind, for deleting it would let two processes lock two files of the same name.
 */
export interface FileLock {
  release(): void;
}

/**
 * @param file made when missing, in a folder that is there
 * @returns null where another process holds it
 * @throws what SQLite or the system says of a file that cannot be opened for writing
 */
export function takeFileLock(file: string): FileLock | null {
  let lock: Database.Database | undefined;
  try {
    lock = new Database(file, { timeout: WAIT_MS });
    // SQLite opens what it may not write for reading, and locks nothing.
    accessSync(file, constants.W_OK);
    lock.pragma('journal_mode = MEMORY');
    lock.exec('BEGIN EXCLUSIVE');
  } catch (thrown) {
    lock?.close();
    if (isBusy(thrown)) return null;
    throw thrown;
  }
  const held = lock;
  return { release: () => held.close() };
}

/** Whether some living process holds it. Touches nothing. @throws what SQLite says of a file that cannot be read */
export function isFileLocked(file: string): boolean {
  if (!existsSync(file)) return false;
  const probe = new Database(file, { readonly: true, timeout: 0 });
  try {
    probe.pragma('schema_version');
    return false;
  } catch (thrown) {
    if (isBusy(thrown)) return true;
    throw thrown;
  } finally {
    probe.close();
  }
}

const isBusy = (thrown: unknown): boolean => sqliteCodeOf(thrown)?.startsWith('SQLITE_BUSY') === true;
