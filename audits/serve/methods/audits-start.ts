import { z } from 'zod';
import { configuredAudit } from '../../settings/configured-audit.ts';
import { checkSettings } from '../../settings/settings.ts';
import { requireConfirmed } from '../confirmed.ts';
import { defineBridgeMethod } from '../method.ts';

/** Paths in settings are absolute: an engine has no folder that a window would mean. */
export const auditsStart = defineBridgeMethod({
  name: 'audits.start',
  request: z.strictObject({
    settings: z.record(z.string(), z.unknown()),
    confirmed: z.boolean().optional(),
  }),
  run: async ({ settings, confirmed }, context) => {
    // Before the device is tried, which takes its time.
    context.writable();
    const checked = checkSettings(settings, 'settings');
    const { config, deviceReason } = await configuredAudit(checked, context.settingsFolder);
    requireConfirmed(config, confirmed);
    return { id: context.runs.start(config, deviceReason) };
  },
});
