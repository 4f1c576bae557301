import process from 'node:process';
import path from 'node:path';
import type Database from 'better-sqlite3';
import type { AuditId } from '../contract/cell.ts';
import type { Clock } from '../contract/context.ts';
import { MoatError } from '../contract/errors.ts';
import { auditsRepository, markInterrupted, recordCancelRequest } from './audits-repository.ts';
import { requestCancel } from './cancel.ts';
import { cellsRepository } from './cells-repository.ts';
import { connectForReading, connectForWriting } from './connection.ts';
import { databaseError, withDatabaseErrors } from './database-errors.ts';
import { identifyFile } from './file-identity.ts';
import { measurementsRepository } from './measurements-repository.ts';
import { migrate } from './migrate.ts';
import { migrations } from './migrations/registry.ts';
import { isOwned, takeOwnerLock, type Owner } from './owner-lock.ts';
import { reportsRepository } from './reports-repository.ts';
import type { Store } from './types.ts';
import { describeWriter, recordWriterClosed, recordWriterOpened } from './writer-record.ts';

export interface OpenOptions {
  /** `write`: one process at a time, creates and migrates. `read`: any number, even while another writes. */
  readonly mode: 'write' | 'read';
  /** Named to whoever is refused; default: this process. */
  readonly owner?: Owner;
  readonly clock: Clock;
  /** Largest size in pages of 4096 bytes: stands in for a full disk. */
  readonly maxPageCount?: number;
}

/**
 * Opens the database at `databasePath`, creating it in mode `write` when the file is missing or empty.
 * @throws MoatError `database-busy`, `database-not-ours`, `database-newer`, `database-corrupt`,
 *   `database-read-only`, `disk-full`, `path-missing`. A file that is not ours is never changed.
 */
export function openStore(databasePath: string, options: OpenOptions): Store {
  const absolute = path.resolve(databasePath);
  try {
    return options.mode === 'write' ? openForWriting(absolute, options) : openForReading(absolute, options);
  } catch (thrown) {
    throw databaseError(thrown, absolute);
  }
}

function openForReading(databasePath: string, { clock }: OpenOptions): Store {
  const { database, close } = connectForReading(databasePath);
  return assemble(databasePath, database, {
    isOwned: () => isOwned(databasePath),
    requestCancel: (id) => void requestCancel(databasePath, id, clock),
    close,
  });
}

function openForWriting(databasePath: string, options: OpenOptions): Store {
  const { clock } = options;
  const owner = options.owner ?? { pid: process.pid, command: 'moat' };
  const timestamp = (): string => new Date(clock.now()).toISOString();
  identifyFile(databasePath);
  const lock = takeOwnerLock(databasePath, () => describeWriter(databasePath));
  try {
    const { database, close } = connectForWriting(databasePath);
    try {
      if (options.maxPageCount !== undefined) database.pragma(`max_page_count = ${options.maxPageCount}`);
      migrate(database, migrations, { path: databasePath, backup: true });
      // After the tables: their commit must be in the file itself, or a kill would leave a header nobody claims.
      database.pragma('journal_mode = WAL');
      const wasKilled = recordWriterOpened(database, owner, timestamp());
      if (wasKilled) assertIntact(database, databasePath);
      markInterrupted(database);
    } catch (thrown) {
      close();
      throw thrown;
    }
    return assemble(databasePath, database, {
      isOwned: () => true,
      requestCancel: (id) => void recordCancelRequest(database, id, timestamp()),
      close() {
        if (!database.open) return;
        closeCleanly(database, timestamp());
        close();
        lock.release();
      },
    });
  } catch (thrown) {
    lock.release();
    throw thrown;
  }
}

/** `quick_check` after a writer was killed. WAL survives that; a disk that lies does not. */
function assertIntact(database: Database.Database, databasePath: string): void {
  const verdict = database.pragma('quick_check(1)', { simple: true });
  if (verdict === 'ok') return;
  throw new MoatError('database-corrupt', `The database "${databasePath}" is damaged: ${String(verdict)}.`);
}

function closeCleanly(database: Database.Database, at: string): void {
  try {
    recordWriterClosed(database, at);
  } catch (thrown) {
    // On a full disk the mark cannot be set; then the next writer checks the file, which is right after all.
    if (databaseError(thrown, database.name).code === 'internal') throw thrown;
  }
}

function assemble(
  databasePath: string,
  database: Database.Database,
  parts: {
    readonly isOwned: () => boolean;
    readonly requestCancel: (id: AuditId) => void;
    readonly close: () => void;
  },
): Store {
  const { dir, base } = path.parse(databasePath);
  return {
    path: databasePath,
    artifactFolder: path.join(dir, `${base.replace(/\.db$/, '')}.artifacts`),
    audits: withDatabaseErrors(auditsRepository(database, parts), databasePath),
    cells: withDatabaseErrors(cellsRepository(database), databasePath),
    measurements: withDatabaseErrors(measurementsRepository(database), databasePath),
    reports: withDatabaseErrors(reportsRepository(database), databasePath),
    close: parts.close,
  };
}
