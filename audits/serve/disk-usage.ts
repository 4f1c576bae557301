import { readdirSync, realpathSync, rmSync, statfsSync, statSync } from 'node:fs';
import path from 'node:path';
import type { DiskUsage } from '../contract/bridge.ts';
import type { ErasedFiles, Store } from '../store/types.ts';

/** What the database and the files beside it take. */
export function diskUsage(store: Store): DiskUsage {
  const { bavail, bsize } = statfsSync(path.dirname(store.path));
  return {
    databaseBytes: ['', '-wal', '-shm'].reduce((sum, ending) => sum + sizeOf(store.path + ending), 0),
    artifactBytes: treeBytes(store.artifactFolder),
    deletedBytes: located(store.artifactFolder, store.audits.erasable()).reduce(
      (sum, place) => sum + treeBytes(place),
      0,
    ),
    freeBytes: bavail * bsize,
  };
}

/** Erases files that no audit needs any more. */
export function eraseFiles(artifactFolder: string, erased: ErasedFiles): void {
  for (const place of located(artifactFolder, erased)) rmSync(place, { recursive: true, force: true });
}

/** A database may come from anybody: what it names outside the artifact folder, or through a link, is nobody's to erase. */
function located(artifactFolder: string, { folders, files }: ErasedFiles): readonly string[] {
  return [...folders, ...files].flatMap((name) => {
    try {
      const root = realpathSync(artifactFolder);
      const place = realpathSync(path.join(root, name));
      return place.startsWith(root + path.sep) ? [place] : [];
    } catch {
      return [];
    }
  });
}

function treeBytes(place: string): number {
  const size = sizeOf(place);
  try {
    return readdirSync(place, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .reduce((sum, entry) => sum + sizeOf(path.join(entry.parentPath, entry.name)), 0);
  } catch {
    return size;
  }
}

function sizeOf(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0;
}
