import { MoatError } from '../contract/errors.ts';
import type { AuditRow, Store } from '../store/types.ts';

/**
 * Something of the audit is left to run.
 * @throws MoatError `audit-nothing-to-resume`
 */
export function requireUnfinished(
  store: Store,
  { id, state }: Pick<AuditRow, 'id' | 'state'>,
  retry: { readonly failed: boolean },
): void {
  if (state !== 'completed') return;
  const hasFailed = store.cells.byAudit(id).some((cell) => cell.state === 'failed');
  if (retry.failed && hasFailed) return;
  throw new MoatError(
    'audit-nothing-to-resume',
    hasFailed
      ? `Audit ${id} is complete but for failed cells, which --failed tries again.`
      : `Audit ${id} is complete.`,
  );
}

/**
 * An audit goes on where it began or not at all: another device computes other numbers.
 * @throws MoatError device-unavailable saying what to do
 */
export async function requireStoredDevice({ id, config }: Pick<AuditRow, 'id' | 'config'>): Promise<void> {
  const { requireDevice } = await import('../devices/choose.ts');
  const { tryDevice } = await import('../devices/try-device.ts');
  try {
    await requireDevice(config, tryDevice);
  } catch (error) {
    const known = MoatError.from(error);
    if (known.code !== 'device-unavailable') throw known;
    throw new MoatError(
      known.code,
      `Audit ${id} began with ${config.engine} on ${config.device}, which is gone: ${known.message} Bring it back and resume, or start a new audit with --device auto, whose cells are computed anew.`,
      { cause: error },
    );
  }
}
