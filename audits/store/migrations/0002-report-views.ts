import type { Migration } from '../migrate.ts';

/** The analyst's views: every column is described in docs/database.md. */
export const reportViews: Migration = {
  version: 2,
  up(database) {
    database.exec(`
      CREATE VIEW report_matrix AS
      SELECT
        matrix.audit_id, matrix.attack, matrix.defense,
        matrix.budget AS budget_queries, matrix.accounts, matrix.task, matrix.state,
        matrix.seeds_done, matrix.seeds_planned,
        matrix.stolen_gain, matrix.stolen_gain_low, matrix.stolen_gain_high,
        matrix.relative_accuracy, matrix.relative_accuracy_low, matrix.relative_accuracy_high,
        matrix.probe_accuracy, matrix.probe_accuracy_low, matrix.probe_accuracy_high,
        matrix.knn_accuracy, matrix.knn_accuracy_low, matrix.knn_accuracy_high,
        matrix.few_label_accuracy, matrix.few_label_accuracy_low, matrix.few_label_accuracy_high,
        matrix.cka, matrix.cka_low, matrix.cka_high,
        matrix.neighbor_overlap, matrix.neighbor_overlap_low, matrix.neighbor_overlap_high,
        matrix.queries_used, matrix.unique_inputs, matrix.elapsed_ms / 1000.0 AS elapsed_seconds,
        matrix.adaptive AS is_adaptive, matrix.reason, matrix.error_code,
        (
          SELECT group_concat(id, ', ') FROM (
            SELECT DISTINCT flag.id FROM flags AS flag
            WHERE flag.audit_id = matrix.audit_id AND flag.severity <> 'note' AND (
              flag.scope IN ('audit', 'victim', 'task:' || matrix.task, 'defense:' || matrix.defense)
              OR EXISTS (
                SELECT 1 FROM json_each(matrix.cell_keys) AS cell WHERE flag.scope = 'cell:' || cell.value
              )
            )
            ORDER BY flag.id
          )
        ) AS weakened_by
      FROM matrix_rows AS matrix
      ORDER BY matrix.audit_id, matrix.position;

      CREATE VIEW report_measurements AS
      SELECT
        planned.audit_id, planned.cell_key,
        cell.work ->> '$.kind' AS kind,
        planned.attack_label AS attack, planned.defense_label AS defense,
        cell.work ->> '$.budget' AS budget_queries, cell.work ->> '$.accounts' AS accounts,
        cell.work ->> '$.seed' AS seed,
        measurement.task, measurement.metric, measurement.value, measurement.unit,
        measurement.n AS items,
        cell.elapsed_ms / 1000.0 AS cell_seconds, cell.finished_at AS measured_at
      FROM audit_cells AS planned
      JOIN cells AS cell ON cell.key = planned.cell_key
      JOIN measurements AS measurement ON measurement.cell_key = planned.cell_key
      ORDER BY planned.audit_id, planned.position, measurement.id;

      CREATE VIEW report_findings AS
      SELECT
        finding.audit_id, finding.id AS finding, finding.severity,
        CASE finding.severity
          WHEN 'critical' THEN 4 WHEN 'high' THEN 3 WHEN 'medium' THEN 2 WHEN 'low' THEN 1 ELSE 0
        END AS severity_rank,
        finding.confidence, finding.title, finding.explanation, finding.fix, finding.cell_keys
      FROM findings AS finding
      ORDER BY finding.audit_id, severity_rank DESC, finding.position;

      CREATE VIEW report_verdicts AS
      SELECT
        audit_id, defense, verdict, reason, strongest_attack,
        worst_stolen_gain, worst_stolen_gain_low, worst_stolen_gain_high,
        protection, protection_low, protection_high,
        worst_honest_loss, worst_honest_loss_low, worst_honest_loss_high,
        worst_recall_at_10, worst_recall_at_10_low, worst_recall_at_10_high
      FROM verdicts
      ORDER BY audit_id, position;

      CREATE VIEW report_flags AS
      SELECT audit_id, id AS flag, severity, scope, sentence FROM flags ORDER BY audit_id, position;

      CREATE VIEW report_audits AS
      SELECT
        audit.id AS audit_id, audit.created_at, audit.finished_at, audit.state,
        audit.config ->> '$.encoder' AS encoder, audit.config ->> '$.preset.id' AS preset,
        audit.moat_version,
        count(planned.cell_key) AS cells_planned,
        coalesce(sum(cell.state = 'done'), 0) AS cells_done,
        coalesce(sum(cell.state = 'failed' AND planned.exclusion IS NULL), 0) AS cells_failed
      FROM audits AS audit
      LEFT JOIN audit_cells AS planned ON planned.audit_id = audit.id
      LEFT JOIN cells AS cell ON cell.key = planned.cell_key
      GROUP BY audit.id
      ORDER BY audit.created_at DESC, audit.rowid DESC;
    `);
  },
};
