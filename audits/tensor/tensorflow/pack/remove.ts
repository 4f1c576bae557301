import { existsSync, renameSync, rmSync } from 'node:fs';
import path from 'node:path';
import { tensorflowFolder } from './folder.ts';
import { lockPacks } from './lock.ts';
import { refusedBySystem, requireFolder } from './requirements.ts';
import { beginStaging, removeLeftovers } from './staging.ts';

/**
 * Takes the pack away, and what killed installations left.
 * @returns whether there was a pack
 * @throws MoatError engine-busy, engine-requirement-missing
 */
export function removePack(engines: string): boolean {
  if (!existsSync(engines)) return false;
  requireFolder(engines);
  const lock = lockPacks(engines);
  try {
    removeLeftovers(engines);
    const folder = tensorflowFolder(engines);
    if (!existsSync(folder)) return false;
    // Renamed first: a removal that is killed must not leave a folder that looks like a pack.
    const staging = beginStaging(engines);
    try {
      renameSync(folder, path.join(staging, 'removed'));
    } finally {
      rmSync(staging, { recursive: true, force: true });
    }
    return true;
  } catch (thrown) {
    throw refusedBySystem(thrown, engines);
  } finally {
    lock.release();
  }
}
