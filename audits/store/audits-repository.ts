import type Database from 'better-sqlite3';
import type { AuditId } from '../contract/cell.ts';
import { MoatError } from '../contract/errors.ts';
import { eraser } from './erase.ts';
import { fromJson, toJson, toJsonLenient } from './json-column.ts';
import { readConfig } from './stored-config.ts';
import type { AuditRepository, AuditRow, AuditState, AuditSummary } from './types.ts';

interface AuditRecord {
  readonly id: AuditId;
  readonly created_at: string;
  readonly finished_at: string | null;
  readonly state: AuditState;
  readonly moat_version: string;
  readonly config: string;
  readonly preparation: string | null;
  readonly environment: string;
  readonly error: string | null;
}

interface SummaryRecord extends Omit<AuditSummary, 'tags' | 'verdicts'> {
  readonly tags: string;
  readonly verdicts: string | null;
}

const active: readonly AuditState[] = ['preparing', 'running'];
const isActive = (state: AuditState): boolean => active.includes(state);
/** States an audit is over in; an interrupted one is not finished. */
const isFinal = (state: AuditState): boolean => !isActive(state) && state !== 'interrupted';

/**
 * @param options.isOwned whether a living process writes this database: without one, an audit that claims to run
 *   was killed, and reads as `interrupted`
 * @param options.requestCancel writes the request; another process than the writer may do so
 */
export function auditsRepository(
  database: Database.Database,
  options: { readonly isOwned: () => boolean; readonly requestCancel: (id: AuditId) => void },
): AuditRepository {
  const insert = database.prepare(
    `INSERT INTO audits (id, created_at, state, moat_version, config, environment)
     VALUES (?, ?, 'preparing', ?, ?, ?)`,
  );
  const select = database.prepare<[string], AuditRecord>(
    `SELECT id, created_at, finished_at, state, moat_version, config, preparation, environment, error
     FROM audits WHERE id = ?`,
  );
  const selectSummaries = database.prepare<[{ deleted: number }], SummaryRecord>(
    `SELECT audit_id AS id, report_audits.created_at AS createdAt, report_audits.finished_at AS finishedAt,
       report_audits.state, encoder, preset,
       cells_planned AS cellsTotal, cells_done AS cellsDone, cells_failed AS cellsFailed,
       audits.tags, audits.note, audits.deleted_at AS deletedAt,
       iif(reports.audit_id IS NULL, NULL, (
         SELECT json_group_array(verdict) FROM verdicts WHERE verdicts.audit_id = reports.audit_id
       )) AS verdicts
     FROM report_audits JOIN audits ON audits.id = audit_id LEFT JOIN reports USING (audit_id)
     WHERE @deleted OR audits.deleted_at IS NULL`,
  );
  const updateTags = database.prepare('UPDATE audits SET tags = ? WHERE id = ?');
  const updateNote = database.prepare('UPDATE audits SET note = ? WHERE id = ?');
  const updateDeleted = database.prepare('UPDATE audits SET deleted_at = ? WHERE id = ?');
  const erasure = eraser(database);
  const updateState = database.prepare<
    [{ id: string; state: AuditState; finishedAt: string | null; error: string | null; isRestart: number }]
  >(
    `UPDATE audits SET state = @state, finished_at = @finishedAt, error = @error,
       cancel_requested_at = iif(@isRestart, NULL, cancel_requested_at)
     WHERE id = @id`,
  );
  const updatePreparation = database.prepare(`UPDATE audits SET preparation = ? WHERE id = ?`);
  const selectCancel = database
    .prepare<[string], number>(`SELECT cancel_requested_at IS NOT NULL FROM audits WHERE id = ?`)
    .pluck();

  const known = (id: AuditId): AuditRecord => {
    const record = select.get(id);
    if (record === undefined) throw unknownAudit(database, id);
    return record;
  };
  const truthful = (state: AuditState): AuditState =>
    isActive(state) && !options.isOwned() ? 'interrupted' : state;
  /** Ends that a full disk did not take: true all the same, for as long as this process knows them. */
  const untaken = new Map<AuditId, Pick<AuditRow, 'state' | 'finishedAt' | 'error'>>();

  return {
    create(row) {
      insert.run(row.id, row.createdAt, row.moatVersion, toJson(row.config), toJson(row.environment));
    },
    get(id) {
      const record = select.get(id);
      return record === undefined
        ? undefined
        : { ...toRow(record, truthful(record.state)), ...untaken.get(record.id) };
    },
    list: ({ deleted } = { deleted: false }) =>
      selectSummaries.all({ deleted: Number(deleted) }).map(({ tags, verdicts, ...summary }) => ({
        ...summary,
        state: untaken.get(summary.id)?.state ?? truthful(summary.state),
        finishedAt: untaken.get(summary.id)?.finishedAt ?? summary.finishedAt,
        tags: fromJson(tags) as AuditSummary['tags'],
        verdicts: readVerdicts(verdicts),
      })),
    annotate(id, { tags, note }) {
      known(id);
      if (tags !== undefined) updateTags.run(toJson(tags), id);
      if (note !== undefined) updateNote.run(note, id);
    },
    setDeleted(id, at) {
      known(id);
      updateDeleted.run(at, id);
    },
    erasable: erasure.erasable,
    erase: erasure.erase,
    setState(id, state, at, error) {
      const before = known(id).state;
      const finished = isFinal(state) ? at : null;
      try {
        updateState.run({
          id,
          state,
          finishedAt: finished,
          error: error === undefined ? null : toJsonLenient(error),
          // A resumed audit must not be stopped by the request that stopped its last run.
          isRestart: Number(isActive(state) && (!isActive(before) || untaken.has(id))),
        });
      } catch (thrown) {
        if (!isActive(state)) untaken.set(id, { state, finishedAt: finished, error: error ?? null });
        throw thrown;
      }
      untaken.delete(id);
    },
    setPreparation(id, preparation) {
      known(id);
      updatePreparation.run(toJson(preparation), id);
    },
    requestCancel: options.requestCancel,
    cancelRequested: (id) => selectCancel.get(id) === 1,
  };
}

/**
 * For the process that has just got the right to write: whoever ran the audits that still claim to run is dead.
 * Their cells wait for `requeue`.
 */
export function markInterrupted(database: Database.Database): void {
  database
    .prepare(
      `UPDATE audits SET state = 'interrupted', cancel_requested_at = NULL
       WHERE state IN ('preparing', 'running')`,
    )
    .run();
}

/**
 * Asks a running audit to stop; the first request stays.
 * @returns the audit's state; an audit that has ended is left alone
 * @throws MoatError `audit-unknown`
 */
export function recordCancelRequest(database: Database.Database, id: AuditId, at: string): AuditState {
  database
    .prepare(
      `UPDATE audits SET cancel_requested_at = ifnull(cancel_requested_at, ?)
       WHERE id = ? AND state IN ('preparing', 'running')`,
    )
    .run(at, id);
  const state = database
    .prepare<[string], AuditState>('SELECT state FROM audits WHERE id = ?')
    .pluck()
    .get(id);
  if (state === undefined) throw unknownAudit(database, id);
  return state;
}

/** An audit without a report has no verdicts, which is not the same as a report without defenses. */
function readVerdicts(verdicts: string | null): AuditSummary['verdicts'] {
  return verdicts === null ? null : (fromJson(verdicts) as AuditSummary['verdicts']);
}

function unknownAudit(database: Database.Database, id: AuditId): MoatError {
  return new MoatError('audit-unknown', `There is no audit "${id}" in "${database.name}".`, {
    details: { id },
  });
}

function toRow(record: AuditRecord, state: AuditState): AuditRow {
  return {
    id: record.id,
    createdAt: record.created_at,
    finishedAt: record.finished_at,
    state,
    moatVersion: record.moat_version,
    config: readConfig(record.config),
    preparation:
      record.preparation === null ? null : (fromJson(record.preparation) as AuditRow['preparation']),
    environment: fromJson(record.environment) as AuditRow['environment'],
    error: record.error === null ? null : (fromJson(record.error) as AuditRow['error']),
  };
}
