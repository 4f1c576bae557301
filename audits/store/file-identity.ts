import { closeSync, existsSync, openSync, readSync, statSync, type Stats } from 'node:fs';
import { dirname } from 'node:path';
import { MoatError } from '../contract/errors.ts';
import { applicationId } from './migrate.ts';

/** The SQLite file header: magic at 0, application_id at 68 (big-endian). sqlite.org/fileformat.html, section 1.3. */
const MAGIC = 'SQLite format 3\0';
const APPLICATION_ID_OFFSET = 68;
const HEADER_BYTES = 100;

/**
 * Files this process has open through SQLite, by device and inode, with the number of connections.
 * Process-wide because POSIX locks are: closing any descriptor of a file drops all locks this process holds on
 * it (sqlite.org/howtocorrupt.html, section 2.2), so the header of an open database is never read a second time.
 */
const openFiles = new Map<string, number>();

const identity = (stats: Stats): string => `${stats.dev}:${stats.ino}`;

/** Notes that SQLite holds the file open in this process; call the result after closing the connection. */
export function markOpen(path: string): () => void {
  const key = identity(statSync(path));
  openFiles.set(key, (openFiles.get(key) ?? 0) + 1);
  return () => {
    const left = (openFiles.get(key) ?? 1) - 1;
    if (left > 0) openFiles.set(key, left);
    else openFiles.delete(key);
  };
}

/**
 * Looks at the file without opening it as a database, so that a foreign one is never touched.
 * @returns `new` for a missing or empty file, `ours` for a Moat database.
 * @throws MoatError `database-not-ours`; `path-missing` when the folder does not exist.
 */
export function identifyFile(path: string): 'new' | 'ours' {
  if (!existsSync(dirname(path)))
    throw new MoatError('path-missing', `The folder of the database "${path}" does not exist.`);
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats === undefined) return 'new';
  if (stats.isDirectory()) throw notOurs(path, 'it is a folder');
  if (!stats.isFile()) throw notOurs(path, 'it is not a regular file');
  if (stats.size === 0) return 'new';
  if (openFiles.has(identity(stats))) return 'ours';
  const header = readHeader(path);
  if (!header.subarray(0, MAGIC.length).equals(Buffer.from(MAGIC, 'latin1')))
    throw notOurs(path, 'it is not an SQLite file');
  if (header.readUInt32BE(APPLICATION_ID_OFFSET) !== applicationId)
    throw notOurs(path, 'it belongs to another program');
  return 'ours';
}

/** The first 100 bytes, zero-padded. */
function readHeader(path: string): Buffer {
  const header = Buffer.alloc(HEADER_BYTES);
  const descriptor = openSync(path, 'r');
  try {
    readSync(descriptor, header, 0, HEADER_BYTES, 0);
  } finally {
    closeSync(descriptor);
  }
  return header;
}

function notOurs(path: string, why: string): MoatError {
  return new MoatError('database-not-ours', `"${path}" is not a Moat database: ${why}.`, {
    details: { path },
  });
}
