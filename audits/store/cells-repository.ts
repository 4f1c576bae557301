import type Database from 'better-sqlite3';
import type { AuditId, CellKey, CellState } from '../contract/cell.ts';
import { MoatError } from '../contract/errors.ts';
import { artifactsRepository } from './artifacts-repository.ts';
import { fromJson, toJson, toJsonLenient } from './json-column.ts';
import { ledgerRepository } from './ledger-repository.ts';
import { measurementWriter } from './measurements-repository.ts';
import type { CellRepository, CellRow } from './types.ts';

interface CellRecord {
  readonly key: CellKey;
  readonly work: string;
  readonly attack_label: string | null;
  readonly defense_label: string | null;
  readonly estimated_ms: number;
  readonly state: CellState;
  readonly started_at: string | null;
  readonly finished_at: string | null;
  readonly elapsed_ms: number | null;
  readonly attempts: number;
  readonly diagnostics: string;
  readonly error: string | null;
  readonly reason: string | null;
}

/** A result that is there counts, even in an audit which had left the cell out. */
const columns = `
  cells.key, cells.work, planned.attack_label, planned.defense_label, planned.estimated_ms,
  iif(cells.state <> 'done', ifnull(planned.exclusion, cells.state), cells.state) AS state,
  cells.started_at, cells.finished_at, cells.elapsed_ms, cells.attempts, cells.diagnostics,
  iif(planned.exclusion IS NULL, cells.error, NULL) AS error,
  iif(cells.state <> 'done', planned.reason, NULL) AS reason`;

export function cellsRepository(database: Database.Database): CellRepository {
  const artifacts = artifactsRepository(database);
  const ledger = ledgerRepository(database);
  const measurements = measurementWriter(database);

  const insertCell = database.prepare('INSERT INTO cells (key, work) VALUES (?, ?) ON CONFLICT DO NOTHING');
  const insertPlanned = database.prepare(
    `INSERT INTO audit_cells
       (audit_id, position, cell_key, attack_label, defense_label, estimated_ms, exclusion, reason)
     SELECT @auditId, ifnull(max(position) + 1, 0), @key, @attackLabel, @defenseLabel, @estimatedMs,
       @exclusion, @reason
     FROM audit_cells WHERE audit_id = @auditId
     ON CONFLICT (audit_id, cell_key) DO UPDATE SET
       attack_label = excluded.attack_label, defense_label = excluded.defense_label,
       estimated_ms = excluded.estimated_ms, exclusion = excluded.exclusion, reason = excluded.reason`,
  );
  const dropPlanned = database.prepare(
    'DELETE FROM audit_cells WHERE audit_id = @auditId AND cell_key = @key AND @key <> @replaced',
  );
  const replacePlanned = database.prepare(
    `UPDATE audit_cells SET cell_key = @key, attack_label = @attackLabel, defense_label = @defenseLabel,
       estimated_ms = @estimatedMs, exclusion = NULL, reason = NULL
     WHERE audit_id = @auditId AND cell_key = @replaced`,
  );
  const selectByAudit = database.prepare<[string], CellRecord>(
    `SELECT ${columns} FROM audit_cells AS planned JOIN cells ON cells.key = planned.cell_key
     WHERE planned.audit_id = ? ORDER BY planned.position`,
  );
  // The spelling of the latest audit that wants the cell run, else of the latest that left it out.
  const selectByKey = database.prepare<[string], CellRecord>(
    `SELECT ${columns} FROM cells JOIN audit_cells AS planned ON planned.cell_key = cells.key
     WHERE cells.key = ? ORDER BY planned.exclusion IS NOT NULL, planned.rowid DESC LIMIT 1`,
  );
  const selectState = database.prepare<[string], CellState>('SELECT state FROM cells WHERE key = ?').pluck();
  const updateRunning = database.prepare(
    `UPDATE cells SET state = 'running', started_at = ?, finished_at = NULL, error = NULL,
       attempts = attempts + 1
     WHERE key = ?`,
  );
  const updateDone = database.prepare(
    `UPDATE cells SET state = 'done', finished_at = @at, elapsed_ms = @elapsedMs,
       diagnostics = @diagnostics, error = NULL
     WHERE key = @key`,
  );
  const updateFailed = database.prepare(
    `UPDATE cells SET state = 'failed', finished_at = ?, error = ? WHERE key = ?`,
  );
  const requeue = database.prepare<[{ auditId: string; failed: number }]>(
    `UPDATE cells SET state = 'pending', started_at = NULL, finished_at = NULL, error = NULL
     WHERE key IN (SELECT cell_key FROM audit_cells WHERE audit_id = @auditId)
       AND (state = 'running' OR (@failed AND state = 'failed'))`,
  );

  const toRow = (record: CellRecord): CellRow => ({
    key: record.key,
    work: fromJson(record.work) as CellRow['work'],
    attackLabel: record.attack_label,
    defenseLabel: record.defense_label,
    estimatedMs: record.estimated_ms,
    state: record.state,
    startedAt: record.started_at,
    finishedAt: record.finished_at,
    elapsedMs: record.elapsed_ms,
    attempts: record.attempts,
    diagnostics: fromJson(record.diagnostics) as CellRow['diagnostics'],
    ledger: ledger.byCell(record.key),
    artifacts: artifacts.byCell(record.key),
    error: record.error === null ? null : (fromJson(record.error) as CellRow['error']),
    reason: record.reason,
  });
  const stateOf = (key: CellKey): CellState => {
    const state = selectState.get(key);
    if (state === undefined)
      throw new MoatError('internal', `No audit has planned the cell ${key}.`, { details: { key } });
    return state;
  };
  const stateOfUnfinished = (key: CellKey, verb: string): CellState => {
    const state = stateOf(key);
    if (state === 'done')
      throw new MoatError('internal', `The cell ${key} is done and cannot be ${verb}.`, { details: { key } });
    return state;
  };
  // Reads before it writes: immediate, or another connection's write in between would end it with BUSY.
  const inTransaction = (work: () => void): void => database.transaction(work).immediate();

  return {
    plan: (auditId, cells) =>
      inTransaction(() => {
        for (const { key, work, state, reason, ...spelling } of cells) {
          insertCell.run(key, toJson(work));
          const { attackLabel, defenseLabel, estimatedMs } = spelling;
          const exclusion = exclusionOf(state);
          insertPlanned.run({ auditId, key, attackLabel, defenseLabel, estimatedMs, exclusion, reason });
        }
      }),
    replace: (auditId, replaced, { key, work, attackLabel, defenseLabel, estimatedMs }) =>
      inTransaction(() => {
        insertCell.run(key, toJson(work));
        dropPlanned.run({ auditId, key, replaced });
        const planned = { auditId, key, replaced, attackLabel, defenseLabel, estimatedMs };
        if (replacePlanned.run(planned).changes === 0)
          throw new MoatError('internal', `The audit ${auditId} has not planned the cell ${replaced}.`);
      }),
    byAudit: (auditId: AuditId) => selectByAudit.all(auditId).map(toRow),
    get(key) {
      const record = selectByKey.get(key);
      return record === undefined ? undefined : toRow(record);
    },
    setRunning: (key, at) =>
      inTransaction(() => {
        stateOfUnfinished(key, 'run again');
        updateRunning.run(at, key);
      }),
    // The key determines the outcome, so it counts in whatever state it arrives, and the first one stays.
    finish: (key, outcome, at) =>
      inTransaction(() => {
        if (stateOf(key) === 'done') return;
        const { elapsedMs } = outcome;
        updateDone.run({ key, at, elapsedMs, diagnostics: toJson(outcome.diagnostics) });
        for (const measurement of outcome.measurements) measurements.insert(key, measurement);
        for (const entry of outcome.ledger) ledger.insert(key, entry);
        for (const artifact of outcome.artifacts) artifacts.insert(key, artifact);
      }),
    fail: (key, error, at) =>
      inTransaction(() => {
        stateOfUnfinished(key, 'failed');
        updateFailed.run(at, toJsonLenient(error), key);
      }),
    requeue: (auditId, { failed }) => requeue.run({ auditId, failed: Number(failed) }).changes,
  };
}

/** A plan only says whether a cell is to be run; everything else is found out by running it. */
function exclusionOf(state: CellState): 'not-applicable' | 'not-run' | null {
  if (state === 'pending') return null;
  if (state === 'not-applicable' || state === 'not-run') return state;
  throw new MoatError('internal', `A cell cannot be planned as ${state}.`);
}
