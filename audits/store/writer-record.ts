import { existsSync, statSync } from 'node:fs';
import Database from 'better-sqlite3';
import { sqliteCodeOf } from './database-errors.ts';
import type { Owner } from './owner-lock.ts';

interface WriterRecord {
  readonly pid: number;
  readonly command: string;
  readonly opened_at: string;
  readonly closed_at: string | null;
}

/** @returns whether the last writer ended without closing the database */
export function recordWriterOpened(database: Database.Database, owner: Owner, at: string): boolean {
  const before = database.prepare<[], WriterRecord>('SELECT * FROM writer').get();
  database
    .prepare(
      `INSERT INTO writer (id, pid, command, opened_at, closed_at) VALUES (1, ?, ?, ?, NULL)
       ON CONFLICT (id) DO UPDATE SET pid = excluded.pid, command = excluded.command,
         opened_at = excluded.opened_at, closed_at = NULL`,
    )
    .run(owner.pid, owner.command, at);
  return before !== undefined && before.closed_at === null;
}

export function recordWriterClosed(database: Database.Database, at: string): void {
  database.prepare('UPDATE writer SET closed_at = ?').run(at);
}

/** The present writer in words, for whoever is refused. */
export function describeWriter(path: string): string {
  const unknown = 'another process, which is just starting or ending';
  if (!existsSync(path) || statSync(path).size === 0) return unknown;
  let database: Database.Database | undefined;
  try {
    database = new Database(path, { readonly: true });
    const writer = database.prepare<[], WriterRecord>('SELECT * FROM writer').get();
    if (writer === undefined || writer.closed_at !== null) return unknown;
    return `"${writer.command}" (process ${writer.pid}, since ${writer.opened_at})`;
  } catch (thrown) {
    // The owner may still be creating the tables; that it cannot be named must not hide that it is there.
    if (sqliteCodeOf(thrown) === undefined) throw thrown;
    return unknown;
  } finally {
    database?.close();
  }
}
