import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { gunzipSync } from 'node:zlib';
import type { AuditId } from '../../audits/contract/cell.ts';
import { buildResult } from '../../audits/report/build.ts';
import { systemClock } from '../../audits/run/system-clock.ts';
import { openStore } from '../../audits/store/open.ts';

/** Id of the one audit in the database that an earlier build wrote (audits/cli/older-results.test.ts says how it was made). */
export const earlierAuditId = '5519061f';

/** A copy of that database in a folder. @returns its path */
export function earlierDatabase(folder: string): string {
  const packed = path.join(import.meta.dirname, '../../audits/store/fixtures/first-build.db.gz');
  const file = path.join(folder, 'first-build.db');
  writeFileSync(file, gunzipSync(readFileSync(packed)));
  return file;
}

/** The same with today's result saved in it, as an audit of today ends: reading it builds nothing. @returns its path */
export function judgedDatabase(folder: string): string {
  const file = earlierDatabase(folder);
  const id = earlierAuditId as AuditId;
  const store = openStore(file, {
    mode: 'write',
    owner: { pid: process.pid, command: 'test' },
    clock: systemClock,
  });
  try {
    const audit = store.audits.get(id);
    if (audit === undefined) throw new Error(`the fixture has an audit ${id}`);
    const result = buildResult({
      audit,
      cells: store.cells.byAudit(id),
      measurements: store.measurements.byAudit(id),
    });
    store.reports.save(id, result, '2026-03-01T00:00:00.000Z');
  } finally {
    store.close();
  }
  return file;
}
