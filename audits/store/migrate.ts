import { closeSync, fsyncSync, openSync, renameSync, rmSync } from 'node:fs';
import type Database from 'better-sqlite3';
import { MoatError } from '../contract/errors.ts';

/** `PRAGMA application_id` of every Moat database: "Moat" in ASCII. */
export const applicationId = 0x4d_6f_61_74;

export interface Migration {
  /** 1, 2, 3 ...: the schema version this leads to. */
  readonly version: number;
  /** Runs inside the migrator's transaction. */
  up(database: Database.Database): void;
}

export function schemaVersion(database: Database.Database): number {
  return Number(database.pragma('user_version', { simple: true }));
}

/** The version a list of migrations leads to. */
export function latestVersion(migrations: readonly Migration[]): number {
  return migrations.at(-1)?.version ?? 0;
}

/** @throws MoatError `database-newer` when a later Moat has changed the schema. */
export function assertNotNewer(
  database: Database.Database,
  migrations: readonly Migration[],
  path: string,
): void {
  const version = schemaVersion(database);
  const latest = latestVersion(migrations);
  if (version > latest)
    throw new MoatError(
      'database-newer',
      `The database "${path}" has schema version ${version}; this Moat knows versions up to ${latest}.`,
      { details: { path, version, latest } },
    );
}

/**
 * Brings the schema to the latest version in one transaction: all of it or nothing.
 * An existing database is copied to `PATH.version-N.backup` first, unless `backup` is false.
 * @throws MoatError `database-newer`
 */
export function migrate(
  database: Database.Database,
  migrations: readonly Migration[],
  options: { readonly path: string; readonly backup: boolean },
): void {
  assertNotNewer(database, migrations, options.path);
  const before = schemaVersion(database);
  if (before === latestVersion(migrations)) return;
  if (before > 0 && options.backup) copyTo(database, `${options.path}.version-${before}.backup`);
  database
    .transaction(() => {
      for (const migration of migrations) {
        if (migration.version <= schemaVersion(database)) continue;
        migration.up(database);
        database.pragma(`user_version = ${migration.version}`);
      }
      database.pragma(`application_id = ${applicationId}`);
      assertReferencesHold(database, options.path);
    })
    .immediate();
}

function assertReferencesHold(database: Database.Database, path: string): void {
  const broken = database.pragma('foreign_key_check') as readonly unknown[];
  if (broken.length > 0)
    throw new MoatError('database-corrupt', `The database "${path}" has rows that point to missing rows.`, {
      details: { broken: broken.slice(0, 10) },
    });
}

/** A consistent copy, whole under its final name or not there at all. */
function copyTo(database: Database.Database, target: string): void {
  const partial = `${target}.part`;
  rmSync(partial, { force: true });
  database.prepare('VACUUM INTO ?').run(partial);
  const descriptor = openSync(partial, 'r+');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
  renameSync(partial, target);
}
