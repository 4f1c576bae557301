import { MoatError, type ErrorCode } from '../contract/errors.ts';

/**
 * What SQLite and the system report, as the user should read it. Keys are prefixes: SQLite refines its codes
 * (`SQLITE_READONLY_DIRECTORY`), and the first match counts.
 */
const meanings: readonly (readonly [prefix: string, code: ErrorCode, sentence: (path: string) => string])[] =
  [
    ['SQLITE_FULL', 'disk-full', (path) => `The database "${path}" cannot grow: the disk is full.`],
    // A quota or a file-size limit reaches SQLite as a failed write, not as a full disk.
    [
      'SQLITE_IOERR_WRITE',
      'disk-full',
      (path) =>
        `The database "${path}" cannot grow: the system refused the write (full disk, quota or limit).`,
    ],
    ['SQLITE_IOERR_FSYNC', 'disk-full', (path) => `The system could not write "${path}" to the disk.`],
    ['SQLITE_IOERR_TRUNCATE', 'disk-full', (path) => `The system could not write "${path}" to the disk.`],
    ['SQLITE_IOERR_SHMSIZE', 'disk-full', (path) => `The system could not write beside "${path}".`],
    ['SQLITE_READONLY', 'database-read-only', (path) => `The database "${path}" or its folder is read-only.`],
    [
      'SQLITE_CANTOPEN',
      'database-read-only',
      (path) => `The database "${path}" cannot be opened, or its folder is read-only.`,
    ],
    ['SQLITE_PERM', 'database-read-only', (path) => `The system refused access to "${path}".`],
    ['EACCES', 'database-read-only', (path) => `The system refused access to "${path}".`],
    ['EPERM', 'database-read-only', (path) => `The system refused access to "${path}".`],
    ['EROFS', 'database-read-only', (path) => `The database "${path}" lies on a read-only file system.`],
    ['ENOSPC', 'disk-full', (path) => `The database "${path}" cannot grow: the disk is full.`],
    ['SQLITE_CORRUPT', 'database-corrupt', (path) => `The database "${path}" is damaged.`],
    [
      'SQLITE_NOTADB',
      'database-corrupt',
      (path) => `The database "${path}" is damaged: its header is broken.`,
    ],
    ['SQLITE_BUSY', 'database-busy', (path) => `The database "${path}" is being written by another process.`],
    [
      'SQLITE_LOCKED',
      'database-busy',
      (path) => `The database "${path}" is being written by another process.`,
    ],
  ];

/** Any error thrown while working with the database at `path`, as one with a code and a sentence. */
export function databaseError(thrown: unknown, path: string): MoatError {
  if (thrown instanceof MoatError) return thrown;
  // Only our own columns are parsed as JSON, and only valid JSON is ever written to them.
  if (thrown instanceof SyntaxError)
    return new MoatError('database-corrupt', `The database "${path}" holds a value that is not JSON.`, {
      details: { path },
      cause: thrown,
    });
  const sqliteCode = sqliteCodeOf(thrown);
  const meaning = meanings.find(([prefix]) => sqliteCode?.startsWith(prefix) === true);
  if (meaning === undefined) return MoatError.from(thrown);
  const [, code, sentence] = meaning;
  return new MoatError(code, sentence(path), { details: { path, sqliteCode }, cause: thrown });
}

export function sqliteCodeOf(thrown: unknown): string | undefined {
  return thrown instanceof Error && 'code' in thrown ? String(thrown.code) : undefined;
}

/** The same repository, whose methods throw MoatErrors that name the database. */
export function withDatabaseErrors<Repository extends object>(
  repository: Repository,
  path: string,
): Repository {
  const wrapped = Object.entries(repository).map(([name, method]: [string, unknown]) => {
    if (typeof method !== 'function') return [name, method];
    return [
      name,
      (...parameters: unknown[]): unknown => {
        try {
          return Reflect.apply(method, repository, parameters);
        } catch (thrown) {
          throw databaseError(thrown, path);
        }
      },
    ];
  });
  return Object.fromEntries(wrapped) as Repository;
}
