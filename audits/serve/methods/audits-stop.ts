import { z } from 'zod';
import { requireAudit } from '../../report/stored-result.ts';
import { auditIdSchema } from '../audit-of.ts';
import { defineBridgeMethod } from '../method.ts';

export const auditsStop = defineBridgeMethod({
  name: 'audits.stop',
  request: z.strictObject({ id: auditIdSchema }),
  run: ({ id }, { store, runs }) => {
    const { state } = requireAudit(store, id);
    if (runs.stop(id)) return { stopping: true };
    // It runs in another process, which looks for such requests.
    if (state !== 'preparing' && state !== 'running') return { stopping: false };
    store.audits.requestCancel(id);
    return { stopping: true };
  },
});
