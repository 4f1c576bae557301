import type Database from 'better-sqlite3';
import { MoatError } from '../contract/errors.ts';
import { resultSchemaVersion, type AuditResult, type Estimate } from '../contract/result.ts';
import { fromJson, toJson } from './json-column.ts';
import type { ReportRepository } from './types.ts';

type Column = string | number | null;
type Row = Readonly<Record<string, Column>>;

interface ReportRecord {
  readonly schema_version: number;
  readonly result: string;
}

export function reportsRepository(database: Database.Database): ReportRepository {
  const remove = database.prepare('DELETE FROM reports WHERE audit_id = ?');
  const insert = database.prepare(
    'INSERT INTO reports (audit_id, schema_version, saved_at, result) VALUES (?, ?, ?, ?)',
  );
  const select = database.prepare<[string], ReportRecord>(
    'SELECT schema_version, result FROM reports WHERE audit_id = ?',
  );

  return {
    save: (auditId, result, at) =>
      database
        .transaction(() => {
          // The rows behind the views go with it (ON DELETE CASCADE).
          remove.run(auditId);
          insert.run(auditId, result.schemaVersion, at, toJson(result));
          insertRows(database, 'matrix_rows', auditId, result.matrix.map(matrixRow));
          insertRows(database, 'verdicts', auditId, result.verdicts.map(verdictRow));
          insertRows(database, 'findings', auditId, result.findings.map(findingRow));
          insertRows(
            database,
            'flags',
            auditId,
            result.flags.map(({ id, severity, sentence, scope }) => ({ id, severity, sentence, scope })),
          );
        })
        .immediate(),
    get(auditId) {
      const record = select.get(auditId);
      if (record === undefined) return undefined;
      if (record.schema_version > resultSchemaVersion)
        throw new MoatError(
          'database-newer',
          `The result of audit "${auditId}" has schema version ${record.schema_version}; this Moat knows versions up to ${resultSchemaVersion}.`,
        );
      // Of an earlier build: what it holds is another shape, and what it was made of is still here.
      return record.schema_version < resultSchemaVersion
        ? undefined
        : (fromJson(record.result) as AuditResult);
    },
  };
}

/** `rows` in order; every row has the same columns. */
function insertRows(database: Database.Database, table: string, auditId: string, rows: readonly Row[]): void {
  const first = rows[0];
  if (first === undefined) return;
  const columns = ['audit_id', 'position', ...Object.keys(first)];
  const insert = database.prepare<[Row]>(
    `INSERT INTO ${table} (${columns.join(', ')}) VALUES (${columns.map((name) => `@${name}`).join(', ')})`,
  );
  rows.forEach((row, position) => insert.run({ audit_id: auditId, position, ...row }));
}

function matrixRow(cell: AuditResult['matrix'][number]): Row {
  return {
    attack: cell.attack,
    defense: cell.defense,
    budget: cell.budget,
    accounts: cell.accounts,
    task: cell.task,
    state: cell.state,
    seeds_done: cell.seedsDone,
    seeds_planned: cell.seedsPlanned,
    ...estimateColumns('stolen_gain', cell.stolenGain),
    ...estimateColumns('relative_accuracy', cell.relativeAccuracy),
    ...estimateColumns('probe_accuracy', cell.probeAccuracy),
    ...estimateColumns('knn_accuracy', cell.knnAccuracy),
    ...estimateColumns('few_label_accuracy', cell.fewLabelAccuracy),
    ...estimateColumns('cka', cell.cka),
    ...estimateColumns('neighbor_overlap', cell.neighborOverlap),
    queries_used: cell.queriesUsed,
    unique_inputs: cell.uniqueInputs,
    elapsed_ms: cell.elapsedMs,
    adaptive: Number(cell.adaptive),
    reason: cell.reason,
    error_code: cell.errorCode,
    cell_keys: toJson(cell.cellKeys),
  };
}

function verdictRow(verdict: AuditResult['verdicts'][number]): Row {
  return {
    defense: verdict.defense,
    verdict: verdict.verdict,
    reason: verdict.reason,
    strongest_attack: verdict.strongestAttack,
    ...estimateColumns('worst_stolen_gain', verdict.worstStolenGain),
    ...estimateColumns('protection', verdict.protection),
    ...estimateColumns('worst_honest_loss', verdict.worstHonestLoss),
    ...estimateColumns('worst_recall_at_10', verdict.worstRecallAt10),
  };
}

function findingRow(finding: AuditResult['findings'][number]): Row {
  const { id, title, severity, confidence, explanation, fix, cellKeys } = finding;
  return { id, title, severity, confidence, explanation, fix, cell_keys: toJson(cellKeys) };
}

function estimateColumns(name: string, estimate: Estimate | null): Row {
  return {
    [name]: estimate?.value ?? null,
    [`${name}_low`]: estimate?.low ?? null,
    [`${name}_high`]: estimate?.high ?? null,
  };
}
