import type { AuditId } from '../contract/cell.ts';
import { MoatError } from '../contract/errors.ts';
import type { AuditResult } from '../contract/result.ts';
import type { AuditRow, Store } from '../store/types.ts';

/** The stored audit. @throws MoatError `audit-unknown` */
export function requireAudit(store: Store, id: AuditId): AuditRow {
  const audit = store.audits.get(id);
  if (audit === undefined) throw new MoatError('audit-unknown', `This database has no audit ${id}.`);
  return audit;
}

/**
 * The stored result; while the audit runs, after it was killed, or where an earlier build stored it, what the cells in the
 * database amount to.
 * @param checkPlugins throws where code of the user's is needed and was not named; called only when there is something to build
 * @throws MoatError `audit-unknown` while the audit reads its data; whatever ended an audit that never began
 */
export async function storedResult(
  store: Store,
  audit: AuditRow,
  checkPlugins: () => void,
): Promise<AuditResult> {
  const stored =
    audit.state === 'completed' || audit.state === 'cancelled' ? store.reports.get(audit.id) : undefined;
  return stored ?? buildStoredResult(store, audit, checkPlugins);
}

/**
 * The result as the cells in the database make it, under the policy that `audit.config` holds.
 * @throws MoatError as `storedResult`
 */
export async function buildStoredResult(
  store: Store,
  audit: AuditRow,
  checkPlugins: () => void,
): Promise<AuditResult> {
  if (audit.preparation === null)
    throw audit.error === null
      ? new MoatError(
          'audit-unknown',
          audit.state === 'interrupted'
            ? `Audit ${audit.id} was interrupted while it read its data; \`npm run moat -- resume ${audit.id}\` goes on.`
            : `Audit ${audit.id} is still reading its data; there is nothing to show yet.`,
        )
      : MoatError.fromJSON(audit.error);
  checkPlugins();
  const [{ buildResult }, { usePlugins }] = await Promise.all([
    import('./build.ts'),
    import('../plugins/load.ts'),
  ]);
  await usePlugins(audit.config.plugins);
  return buildResult({
    audit,
    cells: store.cells.byAudit(audit.id),
    measurements: store.measurements.byAudit(audit.id),
  });
}

/** The last audit that was completed on the same encoder before one; undefined where there is none. */
export function lastBefore(store: Store, createdAt: string, encoderDigest: string): AuditRow | undefined {
  for (const summary of store.audits.list()) {
    if (summary.state !== 'completed' || summary.createdAt >= createdAt) continue;
    const audit = store.audits.get(summary.id);
    // One with code of the user's is compared where it is named, since that code has to be named too.
    if (audit?.preparation?.encoder.digest === encoderDigest && (audit.config.plugins ?? []).length === 0)
      return audit;
  }
  return undefined;
}
