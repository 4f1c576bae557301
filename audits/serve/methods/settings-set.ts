import { z } from 'zod';
import { defineBridgeMethod } from '../method.ts';
import { changeAppSettings, settingsChanges } from '../settings-file.ts';

export const settingsSet = defineBridgeMethod({
  name: 'settings.set',
  request: z.strictObject({ changes: settingsChanges }),
  run: ({ changes }, context) => {
    const settings = changeAppSettings(context, changes);
    context.publish({ type: 'settings-changed' });
    return settings;
  },
});
