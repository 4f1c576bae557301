import type { RunCell, RunTimeline } from '../contract/result.ts';
import type { AuditRow, CellRow } from '../store/types.ts';

/**
 * When the cells of an audit ran, in the order in which they began. Cells that another audit of the database had measured
 * took this one no time: they are counted.
 * @returns undefined where no cell says when it ran
 */
export function timelineOf(audit: AuditRow, rows: readonly CellRow[]): RunTimeline | undefined {
  const beganAt = Date.parse(audit.createdAt);
  const offset = (iso: string | null): number | null => (iso === null ? null : Date.parse(iso) - beganAt);
  const started = rows.flatMap((row): RunCell[] => {
    const startMs = offset(row.startedAt);
    if (startMs === null || !(row.state === 'done' || row.state === 'failed' || row.state === 'running'))
      return [];
    return [
      {
        key: row.key,
        kind: row.work.kind,
        attack: row.attackLabel,
        defense: row.defenseLabel,
        budget: row.work.kind === 'attack' ? row.work.budget : null,
        seed: row.work.seed,
        state: row.state,
        startMs,
        endMs: offset(row.finishedAt),
        elapsedMs: row.elapsedMs === null ? null : Math.round(row.elapsedMs),
        worker: row.diagnostics['worker'] ?? null,
      },
    ];
  });
  if (started.length === 0) return undefined;
  const own = started.filter(({ startMs }) => startMs >= 0);
  return {
    reused: started.length - own.length,
    cells: own.toSorted((a, b) => a.startMs - b.startMs || (a.key < b.key ? -1 : 1)),
  };
}
