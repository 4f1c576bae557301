import { opendir, stat } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { z } from 'zod';
import type { FolderListing } from '../../contract/bridge.ts';
import { MoatError } from '../../contract/errors.ts';
import { defineBridgeMethod } from '../method.ts';
import { absoluteSchema } from '../place.ts';

type Entry = FolderListing['entries'][number];

/** More are no list to choose from. */
const MOST_ENTRIES = 2000;
/** Entries that are looked at to find those: devices, pipes, hidden files and broken links are no choice. */
const MOST_LOOKED_AT = 20_000;

const order = new Intl.Collator('en', { numeric: true, sensitivity: 'base' });

/** Folders and files of the engine's machine, folders first. */
export const filesBrowse = defineBridgeMethod({
  name: 'files.browse',
  request: z.strictObject({ folder: absoluteSchema.optional() }),
  run: ({ folder }) => listFolder(path.resolve(folder ?? os.homedir())),
});

export async function listFolder(
  folder: string,
  mostEntries = MOST_ENTRIES,
  mostLookedAt = MOST_LOOKED_AT,
): Promise<FolderListing> {
  const entries: Entry[] = [];
  let isCut = false;
  let lookedAt = 0;
  try {
    for await (const { name } of await opendir(folder)) {
      if (entries.length >= mostEntries || lookedAt >= mostLookedAt) {
        isCut = true;
        break;
      }
      lookedAt++;
      if (name.startsWith('.')) continue;
      const entry = await entryAt(path.join(folder, name), name);
      if (entry !== undefined) entries.push(entry);
    }
  } catch (cause) {
    throw unlisted(folder, cause);
  }
  const parent = path.dirname(folder);
  return {
    folder,
    parent: parent === folder ? null : parent,
    entries: entries.toSorted((a, b) =>
      a.kind === b.kind ? order.compare(a.name, b.name) : a.kind === 'folder' ? -1 : 1,
    ),
    isCut,
  };
}

/** A link counts as what it leads to; undefined for what is neither folder nor file, or cannot be looked at. */
async function entryAt(place: string, name: string): Promise<Entry | undefined> {
  const found = await stat(place).catch(() => undefined);
  if (found?.isDirectory() === true) return { name, path: place, kind: 'folder', sizeBytes: null };
  if (found?.isFile() === true) return { name, path: place, kind: 'file', sizeBytes: found.size };
  return undefined;
}

function unlisted(folder: string, cause: unknown): MoatError {
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
  const sentences: Readonly<Record<string, string>> = {
    ENOENT: `There is no folder ${folder}.`,
    ENOTDIR: `${folder} is a file, not a folder.`,
    EACCES: `You may not list the folder ${folder}.`,
    EPERM: `You may not list the folder ${folder}.`,
  };
  return new MoatError('path-missing', sentences[code] ?? `The folder ${folder} cannot be listed.`, {
    cause,
  });
}
