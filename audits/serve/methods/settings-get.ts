import { z } from 'zod';
import { defineBridgeMethod } from '../method.ts';
import { readAppSettings } from '../settings-file.ts';

export const settingsGet = defineBridgeMethod({
  name: 'settings.get',
  request: z.strictObject({}),
  run: (_request, context) => readAppSettings(context),
});
