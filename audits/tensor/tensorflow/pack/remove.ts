import { existsSync, renameSync, rmSync } from 'node:fs';
import path from 'node:path';
import { tensorflowFolder } from './folder.ts';
import { beginStaging, removeLeftovers } from './staging.ts';

/** Takes the pack away, and what killed installations left. @returns whether there was a pack */
export function removePack(engines: string): boolean {
  removeLeftovers(engines);
  const folder = tensorflowFolder(engines);
  if (!existsSync(folder)) return false;
  // Renamed first: a removal that is killed must not leave a folder that looks like a pack.
  const staging = beginStaging(engines);
  renameSync(folder, path.join(staging, 'removed'));
  rmSync(staging, { recursive: true, force: true });
  return true;
}
