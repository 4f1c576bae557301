import type Database from 'better-sqlite3';
import type { ErasedFiles } from './types.ts';

/** Cells that deleted audits alone have planned. */
const orphans = `
  SELECT cell_key FROM audit_cells JOIN audits ON audits.id = audit_id
  GROUP BY cell_key HAVING count(*) = count(audits.deleted_at)`;

/** Erasing for good: audits that were put out of sight, and everything that nobody else needs. */
export function eraser(database: Database.Database): {
  readonly erasable: () => ErasedFiles;
  readonly erase: () => ErasedFiles;
} {
  const selectFolders = database
    .prepare<[], string>(
      `SELECT DISTINCT preparation ->> '$.folder' FROM audits
       WHERE deleted_at IS NOT NULL AND preparation IS NOT NULL AND preparation ->> '$.folder' NOT IN
         (SELECT preparation ->> '$.folder' FROM audits WHERE deleted_at IS NULL AND preparation IS NOT NULL)`,
    )
    .pluck();
  const selectFiles = database
    .prepare<[], string>(
      `SELECT DISTINCT path FROM artifacts WHERE cell_key IN (${orphans})
         AND path NOT IN (SELECT path FROM artifacts WHERE cell_key NOT IN (${orphans}))`,
    )
    .pluck();
  const erasable = (): ErasedFiles => ({ folders: selectFolders.all(), files: selectFiles.all() });
  return {
    erasable,
    erase: () =>
      database
        .transaction(() => {
          const files = erasable();
          database.exec(`
            CREATE TEMP TABLE erased AS ${orphans};
            DELETE FROM reports WHERE audit_id IN (SELECT id FROM audits WHERE deleted_at IS NOT NULL);
            DELETE FROM audit_cells WHERE audit_id IN (SELECT id FROM audits WHERE deleted_at IS NOT NULL);
            DELETE FROM measurements WHERE cell_key IN (SELECT cell_key FROM erased);
            DELETE FROM ledger_entries WHERE cell_key IN (SELECT cell_key FROM erased);
            DELETE FROM artifacts WHERE cell_key IN (SELECT cell_key FROM erased);
            DELETE FROM cells WHERE key IN (SELECT cell_key FROM erased);
            DELETE FROM audits WHERE deleted_at IS NOT NULL;
            DROP TABLE erased;
          `);
          return files;
        })
        .immediate(),
  };
}
