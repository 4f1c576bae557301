import type Database from 'better-sqlite3';
import type { CellKey, Measurement, Unit } from '../contract/cell.ts';
import { MoatError } from '../contract/errors.ts';
import { fromFloat32Blob, toFloat32Blob } from './float32-blob.ts';
import type { MeasurementRepository } from './types.ts';

interface MeasurementRecord {
  readonly cell_key: CellKey;
  readonly metric: string;
  readonly task: string | null;
  readonly value: number;
  readonly unit: Unit;
  readonly n: number;
  readonly items: Buffer | null;
}

/** What the cells repository writes with, inside its transaction. */
export interface MeasurementWriter {
  /** @throws MoatError `internal` for a value that is not finite */
  insert(key: CellKey, measurement: Measurement): void;
}

export function measurementWriter(database: Database.Database): MeasurementWriter {
  const insert = database.prepare(
    `INSERT INTO measurements (cell_key, metric, task, value, unit, n, items) VALUES (?, ?, ?, ?, ?, ?, ?)`,
  );
  return {
    insert(key, measurement) {
      const { metric, task, value, unit, n, items } = measurement;
      if (!Number.isFinite(value))
        throw new MoatError('internal', `The measurement "${metric}" is ${value}, which cannot be stored.`, {
          details: { key, metric, task },
        });
      insert.run(key, metric, task, value, unit, n, items === undefined ? null : toFloat32Blob(items));
    },
  };
}

export function measurementsRepository(database: Database.Database): MeasurementRepository {
  const columns = 'cell_key, metric, task, value, unit, n, items';
  const selectByCell = database.prepare<[string], MeasurementRecord>(
    `SELECT ${columns} FROM measurements WHERE cell_key = ? ORDER BY id`,
  );
  const selectByAudit = database.prepare<[string], MeasurementRecord>(
    `SELECT ${columns} FROM audit_cells JOIN measurements USING (cell_key)
     WHERE audit_id = ? ORDER BY position, id`,
  );
  const selectValues = database.prepare<
    [{ auditId: string; metric: string }],
    Pick<MeasurementRecord, 'cell_key' | 'task' | 'value'>
  >(
    `SELECT cell_key, task, value FROM audit_cells JOIN measurements USING (cell_key)
     WHERE audit_id = @auditId AND metric = @metric AND task IS NOT NULL`,
  );
  return {
    byCell: (key) => selectByCell.all(key).map(toMeasurement),
    byAudit(auditId) {
      const byCell = new Map<CellKey, Measurement[]>();
      for (const record of selectByAudit.iterate(auditId)) {
        const measurements = byCell.get(record.cell_key) ?? [];
        measurements.push(toMeasurement(record));
        byCell.set(record.cell_key, measurements);
      }
      return byCell;
    },
    values(auditId, metric) {
      const byCell = new Map<CellKey, Map<string, number>>();
      for (const { cell_key, task, value } of selectValues.iterate({ auditId, metric })) {
        const byTask = byCell.get(cell_key) ?? new Map<string, number>();
        byTask.set(task ?? '', value);
        byCell.set(cell_key, byTask);
      }
      return byCell;
    },
  };
}

function toMeasurement({ metric, task, value, unit, n, items }: MeasurementRecord): Measurement {
  return { metric, task, value, unit, n, ...(items === null ? {} : { items: fromFloat32Blob(items) }) };
}
