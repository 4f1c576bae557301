import { z } from 'zod';
import type { AuditSnapshot } from '../../contract/bridge.ts';
import { requireAudit } from '../../report/stored-result.ts';
import { logOf } from '../audit-log.ts';
import { auditIdSchema, entryOf } from '../audit-of.ts';
import { readCells } from '../cells.ts';
import { defineBridgeMethod } from '../method.ts';

export const auditsSnapshot = defineBridgeMethod({
  name: 'audits.snapshot',
  request: z.strictObject({ id: auditIdSchema }),
  // In one turn: nothing can happen between the rows and the number of the event they include.
  run: ({ id }, context): AuditSnapshot => {
    const audit = requireAudit(context.store, id);
    const live = context.runs.live(id);
    const entry = entryOf(context, id);
    const done = entry.cellsTotal === 0 ? 0 : (entry.cellsDone + entry.cellsFailed) / entry.cellsTotal;
    return {
      entry,
      engineLife: context.engineLife,
      sequence: context.sequence(),
      stage: live?.stage ?? audit.state,
      fraction: live?.fraction ?? (audit.state === 'completed' ? 1 : done),
      etaMs: live?.etaMs ?? null,
      cells: readCells(context, audit),
      log: logOf(context, audit),
      error: audit.error,
    };
  },
});
