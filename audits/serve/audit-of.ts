import { z } from 'zod';
import type { AuditEntry } from '../contract/bridge.ts';
import type { AuditId } from '../contract/cell.ts';
import { MoatError } from '../contract/errors.ts';
import type { AuditResult } from '../contract/result.ts';
import { judgeAudit } from '../run/runner.ts';
import type { AuditRow } from '../store/types.ts';
import { auditEntry } from './entries.ts';
import type { ServeContext } from './method.ts';

/** What methods ask of one stored audit. */

export const auditIdSchema = z
  .string()
  .regex(/^[\w-]{1,64}$/, 'is no id of an audit')
  .transform((id) => id as AuditId);

/** @throws MoatError `audit-unknown` */
export function entryOf({ store }: Pick<ServeContext, 'store'>, id: AuditId): AuditEntry {
  const summary = store.audits.list({ deleted: true }).find((each) => each.id === id);
  if (summary === undefined) throw new MoatError('audit-unknown', `This database has no audit ${id}.`);
  return auditEntry(summary);
}

/**
 * The stored result; of an audit that has not ended, or that an earlier build stored, what its cells amount to now: judged in
 * a worker, since this process has windows to answer.
 * @throws MoatError `audit-unknown` while the audit reads its data; whatever ended an audit that never began
 */
export async function resultOf(context: ServeContext, audit: AuditRow): Promise<AuditResult> {
  const isEnded = audit.state === 'completed' || audit.state === 'cancelled';
  const stored = isEnded ? context.store.reports.get(audit.id) : undefined;
  if (stored !== undefined) return stored;
  if (audit.preparation === null) {
    if (audit.error !== null) throw MoatError.fromJSON(audit.error);
    const isStopped = isEnded || audit.state === 'interrupted';
    throw new MoatError(
      'audit-unknown',
      isStopped
        ? `Audit ${audit.id} was stopped while it read its data; resume it to measure something.`
        : `Audit ${audit.id} is still reading its data; there is nothing to show yet.`,
    );
  }
  requireNoPlugins(audit);
  return judgeAudit(audit, context);
}

/**
 * A database names code, but only a command line makes it run.
 * @throws MoatError `usage`
 */
export function requireNoPlugins({ id, config }: AuditRow): void {
  const [plugin] = config.plugins ?? [];
  if (plugin === undefined) return;
  throw new MoatError(
    'usage',
    `Audit ${id} uses code of your own (${plugin.path}), which runs only from a command line that names it: moat resume ${id} --plugin FILE.`,
  );
}
