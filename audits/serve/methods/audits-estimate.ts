import { z } from 'zod';
import { checkSettings } from '../../settings/settings.ts';
import { ask } from '../answering.ts';
import { defineBridgeMethod } from '../method.ts';

/** What an audit of these settings would cost; nothing is embedded, no service is asked. */
export const auditsEstimate = defineBridgeMethod({
  name: 'audits.estimate',
  request: z.strictObject({
    settings: z.record(z.string(), z.unknown()),
    imagesPerSecond: z.number().positive().optional(),
    dimension: z.int().positive().optional(),
  }),
  run: ({ settings, imagesPerSecond, dimension }, context) =>
    ask(context, {
      kind: 'estimate',
      settings: checkSettings(settings, 'This audit'),
      folder: context.settingsFolder,
      imagesPerSecond,
      dimension,
    }),
});
