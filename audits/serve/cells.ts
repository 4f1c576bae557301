import type { CellEntry } from '../contract/bridge.ts';
import { cellGains, gainMetric } from '../score/cell-gain.ts';
import { registeredFacts } from '../score/method-facts.ts';
import type { AuditRow } from '../store/types.ts';
import { cellEntry } from './entries.ts';
import type { ServeContext } from './method.ts';

/** The cells of an audit as they stand now, in the order planned. */
export function readCells({ store, runs }: ServeContext, audit: AuditRow): readonly CellEntry[] {
  const rows = store.cells.byAudit(audit.id);
  const gainOf = cellGains(rows, store.measurements.values(audit.id, gainMetric), registeredFacts);
  const live = runs.live(audit.id);
  // What a dead or stopped runner left behind is not running.
  const isUnderWay = live !== undefined || audit.state === 'running' || audit.state === 'preparing';
  return rows.map((row) => {
    const cell = row.state === 'running' && !isUnderWay ? { ...row, state: 'pending' as const } : row;
    return cellEntry(cell, gainOf(row), live?.fractionOf(row.key) ?? 0);
  });
}
