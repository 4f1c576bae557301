import { MoatError } from '../contract/errors.ts';
import { databaseError } from './database-errors.ts';
import { isFileLocked, takeFileLock, type FileLock } from './file-lock.ts';

/** The process that writes a database: shown to whoever is refused. */
export interface Owner {
  readonly pid: number;
  readonly command: string;
}

export const ownerLockPath = (path: string): string => `${path}-owner`;

/**
 * The right to write, as a lock on an empty file beside the database.
 * @param describeOwner who holds the database, when known
 * @throws MoatError `database-busy`, `database-read-only`
 */
export function takeOwnerLock(path: string, describeOwner: () => string): FileLock {
  const lock = asDatabaseError(path, () => takeFileLock(ownerLockPath(path)));
  if (lock === null)
    throw new MoatError('database-busy', `The database "${path}" is in use by ${describeOwner()}.`, {
      details: { path },
    });
  return lock;
}

/** Whether some living process holds the right to write. Touches nothing. */
export function isOwned(path: string): boolean {
  return asDatabaseError(path, () => isFileLocked(ownerLockPath(path)));
}

function asDatabaseError<T>(path: string, work: () => T): T {
  try {
    return work();
  } catch (thrown) {
    throw databaseError(thrown, path);
  }
}
