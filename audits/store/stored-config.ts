import type { AuditConfig } from '../contract/audit.ts';
import { defaultCosts } from '../plan/cost-assumptions.ts';
import { DEFAULT_HONEST_ROWS } from '../plan/policy.ts';
import { fromJson } from './json-column.ts';

/** What an audit of an earlier build may lack. */
type Later = 'device' | 'costs';

/**
 * A stored configuration with what was added to configurations since it was written, as the audit ran: on the processor,
 * before there was a choice; at the prices and for the honest users that hold where nobody says otherwise. What may be absent
 * today as well (further surrogates, query policies, shares, a time limit) stays so: it means the same as it did.
 */
export function readConfig(column: string): AuditConfig {
  const stored = fromJson(column) as Omit<AuditConfig, Later> & Partial<Pick<AuditConfig, Later>>;
  return {
    ...stored,
    device: stored.device ?? 'cpu',
    policy: { ...stored.policy, minHonestRows: stored.policy.minHonestRows ?? DEFAULT_HONEST_ROWS },
    costs: stored.costs ?? defaultCosts,
  };
}
