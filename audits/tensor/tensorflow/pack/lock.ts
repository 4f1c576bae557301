import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { MoatError } from '../../../contract/errors.ts';
import { isFileLocked, takeFileLock, type FileLock } from '../../../store/file-lock.ts';
import { unwritable } from './requirements.ts';
import { stagingOwner } from './staging.ts';

/** Held while a pack is installed or removed. */
const lockFile = (engines: string): string => path.join(engines, '.lock');

/**
 * The right to change what lies in the folder of all engine packs, which must be there.
 * @throws MoatError engine-busy while another process has it, engine-requirement-missing
 */
export function lockPacks(engines: string): FileLock {
  const file = lockFile(engines);
  let lock: FileLock | null;
  try {
    lock = takeFileLock(file);
  } catch (cause) {
    throw unwritable(file, cause);
  }
  if (lock === null) throw new MoatError('engine-busy', installedBy(ownersIn(engines)[0]));
  return lock;
}

/** Who installs a pack at present, as a sentence; null where nobody but this process does. */
export function installedElsewhere(engines: string): string | null {
  try {
    if (!isFileLocked(lockFile(engines))) return null;
  } catch {
    // A file of another user that may not be read: whoever tries to install is told.
    return null;
  }
  const owners = ownersIn(engines);
  return owners.includes(process.pid) ? null : installedBy(owners[0]);
}

function ownersIn(engines: string): readonly number[] {
  if (!existsSync(engines)) return [];
  return readdirSync(engines).flatMap((name) => stagingOwner(name) ?? []);
}

function installedBy(pid: number | undefined): string {
  const which = pid === undefined ? '' : ` (process ${pid})`;
  return `The tensorflow engine is being installed by another program${which}.`;
}
