import path from 'node:path';
import { z } from 'zod';
import type { CellKey } from '../../contract/cell.ts';
import { MoatError } from '../../contract/errors.ts';
import { requireAudit } from '../../report/stored-result.ts';
import { auditIdSchema } from '../audit-of.ts';
import { readCells } from '../cells.ts';
import { defineBridgeMethod } from '../method.ts';

export const auditsCell = defineBridgeMethod({
  name: 'audits.cell',
  request: z.strictObject({ id: auditIdSchema, key: z.string().max(200) }),
  run: ({ id, key }, context) => {
    const { store } = context;
    const audit = requireAudit(store, id);
    const cell = readCells(context, audit).find((entry) => entry.key === key);
    const row = store.cells.get(key as CellKey);
    if (cell === undefined || row === undefined)
      throw new MoatError('usage', `Audit ${id} has no such cell.`);
    return {
      cell,
      config: row.work,
      measurements: store.measurements
        .byCell(row.key)
        .map(({ metric, task, value, unit, n }) => ({ metric, task, value, unit, n })),
      diagnostics: row.diagnostics,
      error: row.error,
      artifacts: row.artifacts.map((artifact) => ({
        path: path.join(store.artifactFolder, artifact.path),
        sizeBytes: artifact.sizeBytes,
      })),
    };
  },
});
