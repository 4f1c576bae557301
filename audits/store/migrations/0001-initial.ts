import type { Migration } from '../migrate.ts';

const cellStates = `'pending', 'running', 'done', 'failed'`;

/** The first released schema. Times are ISO 8601 in UTC; JSON columns are written by `json-column.ts`. */
export const initial: Migration = {
  version: 1,
  up(database) {
    database.exec(`
      -- Who writes this database, or wrote it last. closed_at stays NULL after a kill.
      CREATE TABLE writer (
        id INTEGER PRIMARY KEY CHECK (id = 1),
        pid INTEGER NOT NULL,
        command TEXT NOT NULL,
        opened_at TEXT NOT NULL,
        closed_at TEXT
      ) STRICT;

      CREATE TABLE audits (
        id TEXT PRIMARY KEY,
        created_at TEXT NOT NULL,
        finished_at TEXT,
        state TEXT NOT NULL CHECK
          (state IN ('preparing', 'running', 'completed', 'cancelled', 'failed', 'interrupted')),
        moat_version TEXT NOT NULL,
        config TEXT NOT NULL CHECK (json_valid(config)),
        preparation TEXT CHECK (json_valid(preparation)),
        environment TEXT NOT NULL CHECK (json_valid(environment)),
        error TEXT CHECK (json_valid(error)),
        cancel_requested_at TEXT
      ) STRICT;

      -- One row for a key, however many audits plan it.
      CREATE TABLE cells (
        key TEXT PRIMARY KEY,
        work TEXT NOT NULL CHECK (json_valid(work)),
        state TEXT NOT NULL DEFAULT 'pending' CHECK (state IN (${cellStates})),
        started_at TEXT,
        finished_at TEXT,
        elapsed_ms REAL,
        attempts INTEGER NOT NULL DEFAULT 0,
        diagnostics TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(diagnostics)),
        error TEXT CHECK (json_valid(error)),
        CHECK ((state = 'failed') = (error IS NOT NULL)),
        CHECK (state <> 'done' OR (finished_at IS NOT NULL AND elapsed_ms IS NOT NULL))
      ) STRICT;

      -- What one audit planned: order, spelling, and the cells it leaves out (exclusion, with the reason).
      CREATE TABLE audit_cells (
        audit_id TEXT NOT NULL REFERENCES audits (id),
        position INTEGER NOT NULL,
        cell_key TEXT NOT NULL REFERENCES cells (key),
        attack_label TEXT,
        defense_label TEXT,
        estimated_ms REAL NOT NULL,
        exclusion TEXT CHECK (exclusion IN ('not-applicable', 'not-run')),
        reason TEXT,
        PRIMARY KEY (audit_id, position),
        UNIQUE (audit_id, cell_key)
      ) STRICT;
      CREATE INDEX audit_cells_by_cell ON audit_cells (cell_key);

      CREATE TABLE measurements (
        id INTEGER PRIMARY KEY,
        cell_key TEXT NOT NULL REFERENCES cells (key),
        metric TEXT NOT NULL,
        task TEXT,
        value REAL NOT NULL,
        unit TEXT NOT NULL,
        n INTEGER NOT NULL,
        items BLOB CHECK (length(items) % 4 = 0)
      ) STRICT;
      -- An expression, since UNIQUE takes every NULL for a different value.
      CREATE UNIQUE INDEX measurements_once ON measurements (cell_key, metric, ifnull(task, ''));

      CREATE TABLE ledger_entries (
        id INTEGER PRIMARY KEY,
        cell_key TEXT NOT NULL REFERENCES cells (key),
        account INTEGER NOT NULL,
        rows INTEGER NOT NULL,
        unique_inputs INTEGER NOT NULL,
        bytes_sent INTEGER NOT NULL,
        bytes_received INTEGER NOT NULL,
        UNIQUE (cell_key, account)
      ) STRICT;

      CREATE TABLE artifacts (
        id INTEGER PRIMARY KEY,
        cell_key TEXT NOT NULL REFERENCES cells (key),
        path TEXT NOT NULL,
        sha256 TEXT NOT NULL,
        size_bytes INTEGER NOT NULL,
        kind TEXT NOT NULL,
        UNIQUE (cell_key, path)
      ) STRICT;

      CREATE TABLE reports (
        audit_id TEXT PRIMARY KEY REFERENCES audits (id),
        schema_version INTEGER NOT NULL,
        saved_at TEXT NOT NULL,
        result TEXT NOT NULL CHECK (json_valid(result))
      ) STRICT;

      CREATE TABLE matrix_rows (
        audit_id TEXT NOT NULL REFERENCES reports (audit_id) ON DELETE CASCADE,
        position INTEGER NOT NULL,
        attack TEXT NOT NULL,
        defense TEXT NOT NULL,
        budget INTEGER NOT NULL,
        accounts INTEGER NOT NULL,
        task TEXT NOT NULL,
        state TEXT NOT NULL,
        seeds_done INTEGER NOT NULL,
        seeds_planned INTEGER NOT NULL,
        stolen_gain REAL, stolen_gain_low REAL, stolen_gain_high REAL,
        relative_accuracy REAL, relative_accuracy_low REAL, relative_accuracy_high REAL,
        probe_accuracy REAL, probe_accuracy_low REAL, probe_accuracy_high REAL,
        knn_accuracy REAL, knn_accuracy_low REAL, knn_accuracy_high REAL,
        few_label_accuracy REAL, few_label_accuracy_low REAL, few_label_accuracy_high REAL,
        cka REAL, cka_low REAL, cka_high REAL,
        neighbor_overlap REAL, neighbor_overlap_low REAL, neighbor_overlap_high REAL,
        queries_used REAL,
        unique_inputs REAL,
        elapsed_ms REAL,
        adaptive INTEGER NOT NULL CHECK (adaptive IN (0, 1)),
        reason TEXT,
        error_code TEXT,
        cell_keys TEXT NOT NULL CHECK (json_valid(cell_keys)),
        PRIMARY KEY (audit_id, position)
      ) STRICT;

      CREATE TABLE verdicts (
        audit_id TEXT NOT NULL REFERENCES reports (audit_id) ON DELETE CASCADE,
        position INTEGER NOT NULL,
        defense TEXT NOT NULL,
        verdict TEXT NOT NULL,
        reason TEXT NOT NULL,
        strongest_attack TEXT,
        worst_stolen_gain REAL, worst_stolen_gain_low REAL, worst_stolen_gain_high REAL,
        protection REAL, protection_low REAL, protection_high REAL,
        worst_honest_loss REAL, worst_honest_loss_low REAL, worst_honest_loss_high REAL,
        worst_recall_at_10 REAL, worst_recall_at_10_low REAL, worst_recall_at_10_high REAL,
        PRIMARY KEY (audit_id, position)
      ) STRICT;

      CREATE TABLE findings (
        audit_id TEXT NOT NULL REFERENCES reports (audit_id) ON DELETE CASCADE,
        position INTEGER NOT NULL,
        id TEXT NOT NULL,
        title TEXT NOT NULL,
        severity TEXT NOT NULL,
        confidence TEXT NOT NULL,
        explanation TEXT NOT NULL,
        fix TEXT NOT NULL,
        cell_keys TEXT NOT NULL CHECK (json_valid(cell_keys)),
        PRIMARY KEY (audit_id, position)
      ) STRICT;

      CREATE TABLE flags (
        audit_id TEXT NOT NULL REFERENCES reports (audit_id) ON DELETE CASCADE,
        position INTEGER NOT NULL,
        id TEXT NOT NULL,
        severity TEXT NOT NULL,
        sentence TEXT NOT NULL,
        scope TEXT NOT NULL,
        PRIMARY KEY (audit_id, position)
      ) STRICT;
    `);
  },
};
