import type { AuditId } from '../contract/cell.ts';
import { MoatError } from '../contract/errors.ts';
import { openStore } from '../store/open.ts';
import type { AuditSummary, Store } from '../store/types.ts';
import { besideDatabase } from '../run/file-log.ts';
import { resolvePath, type CommandContext } from './context.ts';
import { defaultDatabase, readSettings } from '../settings/settings.ts';

/** The database that a command is about: `--db`, else `moat.config.json`, else `moat.db`. */
export function chosenDatabase(context: CommandContext, flag: string | undefined): string {
  return flag ?? readSettings(context.folder).db ?? defaultDatabase;
}

/** Opens the database for reading, which works while an audit writes. */
export async function withStore<T>(
  context: CommandContext,
  database: string,
  use: (store: Store) => T | Promise<T>,
): Promise<T> {
  const file = resolvePath(context, database);
  const store = openStore(file, { mode: 'read', clock: context.clock });
  context.logFile = besideDatabase(file, 'log');
  try {
    return await use(store);
  } finally {
    store.close();
  }
}

/**
 * The audit a person means: an id, or the beginning of one; without it the newest that fits.
 * @throws MoatError `audit-unknown`
 */
export function pickAudit(
  summaries: readonly AuditSummary[],
  id: string | undefined,
  fits: (summary: AuditSummary) => boolean = () => true,
  what = 'audit',
): AuditId {
  if (id === undefined) {
    const newest = summaries.find(fits);
    if (newest === undefined) throw new MoatError('audit-unknown', `This database has no ${what}.`);
    return newest.id;
  }
  const matches = summaries.filter((summary) => summary.id.startsWith(id));
  const exact = matches.find((summary) => summary.id === id) ?? matches[0];
  if (exact === undefined) throw new MoatError('audit-unknown', `This database has no audit ${id}.`);
  if (matches.length > 1 && exact.id !== id)
    throw new MoatError('audit-unknown', `${matches.length} audits begin with ${id}; write more of the id.`);
  return exact.id;
}
