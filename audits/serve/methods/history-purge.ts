import { z } from 'zod';
import { MoatError } from '../../contract/errors.ts';
import { diskUsage, eraseFiles } from '../disk-usage.ts';
import { defineBridgeMethod } from '../method.ts';

export const historyPurge = defineBridgeMethod({
  name: 'history.purge',
  request: z.strictObject({}),
  run: (_request, context) => {
    // A running audit may be about to reuse cells and prepared images of a deleted one.
    if (!context.runs.isIdle())
      throw new MoatError('usage', 'An audit is running; erase deleted audits when it has ended.');
    const store = context.writable();
    eraseFiles(store.artifactFolder, store.audits.erase());
    context.publish({ type: 'audits-changed' });
    return diskUsage(store);
  },
});
