import path from 'node:path';
import type { AuditId } from '../contract/cell.ts';
import type { Clock } from '../contract/context.ts';
import { MoatError } from '../contract/errors.ts';
import { recordCancelRequest } from './audits-repository.ts';
import { connectForWriting } from './connection.ts';
import { databaseError } from './database-errors.ts';
import { identifyFile } from './file-identity.ts';
import { assertNotNewer, latestVersion, schemaVersion } from './migrate.ts';
import { migrations } from './migrations/registry.ts';
import type { AuditState } from './types.ts';

/**
 * SQLite itself retries for as long. The writer's transactions take milliseconds, but there is no queue: a try every tenth
 * of a second has to fall between two of them, and a writer that never pauses won all of two seconds' tries.
 */
const BUSY_TIMEOUT_MS = 20_000;

/**
 * Asks the audit which another process runs on this database to stop: one small write beside its writer's.
 * @returns the audit's state; one that has ended is left alone
 * @throws MoatError `audit-unknown`, `path-missing`, `database-not-ours`, `database-newer`, `database-busy`,
 *   `database-read-only`
 */
export function requestCancel(databasePath: string, id: AuditId, clock: Clock): AuditState {
  const absolute = path.resolve(databasePath);
  if (identifyFile(absolute) === 'new')
    throw new MoatError('path-missing', `There is no database at "${absolute}".`);
  const { database, close } = connectForWriting(absolute, BUSY_TIMEOUT_MS);
  try {
    assertNotNewer(database, migrations, absolute);
    // Only a writer migrates, and it does so first: nobody runs an audit on an older schema.
    if (schemaVersion(database) < latestVersion(migrations))
      throw new MoatError('audit-unknown', `No audit is running on "${absolute}".`);
    const at = new Date(clock.now()).toISOString();
    return database.transaction(() => recordCancelRequest(database, id, at)).immediate();
  } catch (thrown) {
    throw databaseError(thrown, absolute);
  } finally {
    close();
  }
}
