import type { Migration } from '../migrate.ts';

/** What people write on audits, and audits put out of sight. `deleted_at` hides an audit; purging erases it. */
export const annotations: Migration = {
  version: 3,
  up(database) {
    database.exec(`
      ALTER TABLE audits ADD COLUMN tags TEXT NOT NULL DEFAULT '[]' CHECK (json_valid(tags));
      ALTER TABLE audits ADD COLUMN note TEXT NOT NULL DEFAULT '';
      ALTER TABLE audits ADD COLUMN deleted_at TEXT;

      DROP VIEW report_audits;
      CREATE VIEW report_audits AS
      SELECT
        audit.id AS audit_id, audit.created_at, audit.finished_at, audit.state,
        audit.config ->> '$.encoder' AS encoder, audit.config ->> '$.preset.id' AS preset,
        audit.moat_version,
        count(planned.cell_key) AS cells_planned,
        coalesce(sum(cell.state = 'done'), 0) AS cells_done,
        coalesce(sum(cell.state = 'failed' AND planned.exclusion IS NULL), 0) AS cells_failed,
        (
          SELECT group_concat(value, ', ') FROM (SELECT value FROM json_each(audit.tags) ORDER BY key)
        ) AS tags,
        audit.note, audit.deleted_at
      FROM audits AS audit
      LEFT JOIN audit_cells AS planned ON planned.audit_id = audit.id
      LEFT JOIN cells AS cell ON cell.key = planned.cell_key
      GROUP BY audit.id
      ORDER BY audit.created_at DESC, audit.rowid DESC;
    `);
  },
};
