import type { AuditConfig } from '../contract/audit.ts';
import { MoatError } from '../contract/errors.ts';

/**
 * Before a deployed service is asked for its first image, somebody has to agree to what that may cost.
 * @throws MoatError `endpoint-not-confirmed`
 */
export function requireConfirmed(
  { encoder, endpoint }: Pick<AuditConfig, 'encoder' | 'endpoint'>,
  confirmed: boolean | undefined,
): void {
  if (endpoint === undefined || confirmed === true) return;
  throw new MoatError(
    'endpoint-not-confirmed',
    `Nothing was asked: that ${encoder} may be asked for up to $${endpoint.maxSpend.toFixed(2)} is not confirmed.`,
  );
}
