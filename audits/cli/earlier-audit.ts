import type { AuditResult } from '../contract/result.ts';
import { MoatError } from '../contract/errors.ts';
import { lastBefore, requireAudit, storedResult } from '../report/stored-result.ts';
import type { CommandContext } from './context.ts';
import { requirePlugins } from './required-plugins.ts';
import { chosenDatabase, pickAudit, withStore } from './stored-audits.ts';

interface BaselineFlags {
  readonly baseline?: string;
  readonly db?: string;
  readonly plugin?: readonly string[];
}

/**
 * The audit that a report says what changed since: the one named, else the last that was completed on the same encoder before it.
 * @returns undefined where there is none
 * @throws MoatError `audit-unknown`, `usage` where it was named and cannot be read
 */
export async function findBaseline(
  context: CommandContext,
  { auditId, createdAt, encoder }: AuditResult,
  { baseline, db, plugin = [] }: BaselineFlags,
): Promise<AuditResult | undefined> {
  return withStore(context, chosenDatabase(context, db), async (store) => {
    const audit =
      baseline === undefined
        ? lastBefore(store, createdAt, encoder.digest)
        : requireAudit(store, pickAudit(store.audits.list(), baseline));
    if (audit?.id === auditId)
      throw new MoatError('usage', `Audit ${auditId} cannot be its own baseline; name an earlier one.`);
    return audit && storedResult(store, audit, () => requirePlugins(context, audit.config.plugins, plugin));
  });
}
