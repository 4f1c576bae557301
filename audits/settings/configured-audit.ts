import type { AuditConfig } from '../contract/audit.ts';
import type { PluginFile } from '../contract/plugin.ts';
import { chooseDevice } from '../devices/choose.ts';
import { cachedTrials } from '../devices/trial-cache.ts';
import { configureAudit } from '../plan/configure.ts';
import { auditRequest } from './audit-request.ts';
import type { Settings } from './settings.ts';

export interface ConfiguredAudit {
  readonly config: AuditConfig;
  /** Why it computes where it does, one sentence. */
  readonly deviceReason: string;
}

/**
 * Settings as a whole audit: what is absent comes from the preset, and where it computes is decided.
 * @param plugins already loaded
 * @throws MoatError `usage`, `configuration-invalid`, `method-unknown`, `path-missing`, `device-unavailable`
 */
export async function configuredAudit(
  settings: Settings,
  folder: string,
  plugins: readonly PluginFile[] = [],
): Promise<ConfiguredAudit> {
  const asked = configureAudit({ ...auditRequest(settings, folder), plugins });
  const { device = 'auto' } = settings;
  const choice = await chooseDevice(
    { engine: settings.engine ?? 'auto', device, workers: asked.workers },
    // Whoever names a device may just have installed its driver.
    cachedTrials({ refresh: device !== 'auto' }),
  );
  return {
    config: { ...asked, engine: choice.engine, device: choice.device },
    deviceReason: choice.reason,
  };
}
