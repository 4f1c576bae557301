import type { CellKey, Measurement } from '../contract/cell.ts';
import type { NetworkUse } from '../contract/endpoint.ts';
import { resultSchemaVersion, type AuditResult } from '../contract/result.ts';
import { judge } from '../score/judge.ts';
import type { AuditRow, AuditState, CellRow } from '../store/types.ts';
import { timelineOf } from './timeline.ts';

export interface StoredAudit {
  readonly audit: AuditRow;
  readonly cells: readonly CellRow[];
  readonly measurements: ReadonlyMap<CellKey, readonly Measurement[]>;
  /** What the service under audit was asked; undefined for an encoder file. */
  readonly network?: NetworkUse | undefined;
}

/** A run that cannot go on by itself is incomplete, whatever stopped it. */
const resultStates = {
  preparing: 'incomplete',
  running: 'incomplete',
  completed: 'completed',
  cancelled: 'cancelled',
  failed: 'incomplete',
  interrupted: 'incomplete',
} as const satisfies Record<AuditState, AuditResult['state']>;

/**
 * Joins what is stored with what it means: the whole result, from rows alone. Running it again on the same rows,
 * or on rows with another policy in their config, needs no encoder and no images.
 * @throws RangeError when the audit was never prepared: there is nothing to report then
 */
export function buildResult({ audit, cells, measurements, network }: StoredAudit): AuditResult {
  const { config, preparation } = audit;
  if (preparation === null) throw new RangeError(`audit ${audit.id} has no preparation to report`);
  const timeline = timelineOf(audit, cells);
  return {
    schemaVersion: resultSchemaVersion,
    moatVersion: audit.moatVersion,
    auditId: audit.id,
    createdAt: audit.createdAt,
    finishedAt: audit.finishedAt,
    state: resultStates[audit.state],
    config,
    encoder: preparation.encoder,
    preflight: preparation.preflight,
    data: {
      pool: preparation.pool,
      tasks: preparation.tasks.map(({ name, fit, score, corrupt }) => ({ name, fit, score, corrupt })),
    },
    ...judge({ config, cells, measurements, preparation }),
    cost: costOf(cells, config.pricePerQuery),
    ...(timeline === undefined ? {} : { timeline }),
    ...(network === undefined ? {} : { network }),
    environment: audit.environment,
  };
}

/** What the attackers spent and how long the cells took, over all cells, reused ones included. */
function costOf(cells: readonly CellRow[], pricePerQuery: number): AuditResult['cost'] {
  const queries = cells.flatMap((cell) => cell.ledger).reduce((sum, entry) => sum + entry.rows, 0);
  const elapsedMs = cells.reduce((sum, cell) => sum + (cell.elapsedMs ?? 0), 0);
  return { queries, dollars: queries * pricePerQuery, elapsedMs: Math.round(elapsedMs) };
}
