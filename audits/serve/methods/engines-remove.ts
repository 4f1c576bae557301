import { z } from 'zod';
import { MoatError } from '../../contract/errors.ts';
import { enginesFolder } from '../../tensor/tensorflow/pack/folder.ts';
import { removePack } from '../../tensor/tensorflow/pack/remove.ts';
import { engineEntries } from '../engine-entries.ts';
import { defineBridgeMethod } from '../method.ts';

export const enginesRemove = defineBridgeMethod({
  name: 'engines.remove',
  request: z.strictObject({ engine: z.literal('tensorflow') }),
  run: (_request, { runs, installation, publish }) => {
    if (!runs.isIdle()) throw new MoatError('usage', 'An audit is running, which may compute with it.');
    if (installation.state()?.state === 'running')
      throw new MoatError('usage', 'The engine is being installed; cancel that first.');
    removePack(enginesFolder());
    installation.forget();
    publish({ type: 'engines-changed' });
    return engineEntries(installation);
  },
});
