import { opendirSync, readdirSync, type Dirent } from 'node:fs';

/** Entries a folder is read in at a time, where it is not read whole. */
const ENTRIES_AT_A_TIME = 1024;

/** The first entries of a folder in the order of its file system: of a million files, only as many as are wanted are read. */
export function firstEntries(
  folder: string,
  most: number,
): { readonly entries: readonly Dirent[]; readonly isCut: boolean } {
  if (most === Number.POSITIVE_INFINITY)
    return { entries: readdirSync(folder, { withFileTypes: true }), isCut: false };
  const entries: Dirent[] = [];
  const opened = opendirSync(folder, { bufferSize: ENTRIES_AT_A_TIME });
  try {
    for (let entry = opened.readSync(); entry !== null; entry = opened.readSync()) {
      if (entries.length >= most) return { entries, isCut: true };
      entries.push(entry);
    }
  } finally {
    opened.closeSync();
  }
  return { entries, isCut: false };
}
