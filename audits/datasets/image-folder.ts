import { readFileSync, realpathSync, statSync, type Dirent } from 'node:fs';
import { extname, join } from 'node:path';
import { MoatError } from '../contract/errors.ts';
import type { DatasetContents, Item, Split } from './dataset-parts.ts';
import { firstEntries } from './first-entries.ts';
import { naturalOrder } from './natural-order.ts';

/** What the bundled sharp decodes to pixels. SVG is left out: it is a program for drawing, not a photograph. */
const IMAGE_EXTENSIONS = new Set([
  '.jpg',
  '.jpeg',
  '.jpe',
  '.jfif',
  '.png',
  '.webp',
  '.gif',
  '.tif',
  '.tiff',
  '.avif',
]);
/** Images people may have that sharp does not read: worth a word when nothing else is there. */
const FOREIGN_EXTENSIONS = new Set([
  '.bmp',
  '.heic',
  '.heif',
  '.jp2',
  '.jxl',
  '.ppm',
  '.pgm',
  '.svg',
  '.npy',
]);

const TRAIN_NAMES = ['train', 'training'];
/** In order of preference: a validation part is the test part only where there is no other. */
const TEST_NAMES = ['test', 'testing', 'val', 'valid', 'validation'];

interface Found {
  /** Path below the split's folder, with `/`, and the class folder it lies in (null: directly in the split). */
  readonly path: string;
  readonly folder: string | null;
}

interface Listing {
  readonly found: readonly Found[];
  readonly foreign: ReadonlyMap<string, number>;
  /** There was more than was to be listed. */
  readonly isCut: boolean;
}

/**
 * Lists a folder of images: class sub-folders below `train/` and `test/` (or val, valid, validation), else class
 * sub-folders, else a flat folder without labels. Hidden files are skipped, links are followed once.
 * @param most files and folders that are looked at in each part, for a first look at a folder of any size
 * @throws MoatError `dataset-empty` when there is no image, `dataset-unreadable` when a folder may not be listed.
 */
export function listImageFolder(root: string, most = Number.POSITIVE_INFINITY): DatasetContents {
  const folders = listFolder(root, most).folders;
  const named = (names: readonly string[]): string[] =>
    names.flatMap((name) => folders.filter((folder) => folder.toLowerCase() === name));
  const trainFolder = named(TRAIN_NAMES)[0];
  const testFolder = named(TEST_NAMES)[0];
  const parts = [
    { name: 'train' as const, folder: trainFolder },
    { name: 'test' as const, folder: testFolder },
  ].flatMap(({ name, folder }) => {
    if (folder === undefined) return [];
    const listing = listImages(join(root, folder), most);
    return listing.found.length > 0 ? [{ name, folder, listing }] : [];
  });

  if (parts.length === 0) {
    const listing = listImages(root, most);
    if (listing.found.length === 0) throw empty(root, listing);
    const { classes, notes, items } = label([{ folder: '', listing }]);
    return {
      format: 'image-folder',
      classes,
      notes,
      splits: { all: split(root, items[0] ?? []) },
      isCut: listing.isCut,
    };
  }
  const { classes, notes, items } = label(parts);
  const left = folders.filter((folder) => !parts.some((part) => part.folder === folder));
  return {
    format: 'image-folder',
    classes,
    notes: [
      ...notes,
      ...(left.length > 0
        ? [
            `${left.join(', ')} ${left.length === 1 ? 'is' : 'are'} not used: ${parts.map((part) => part.folder).join(' and ')} ${parts.length === 1 ? 'is' : 'are'}.`,
          ]
        : []),
    ],
    splits: Object.fromEntries(parts.map((part, i) => [part.name, split(root, items[i] ?? [])])),
    isCut: parts.some((part) => part.listing.isCut),
  };
}

/** Labels by class folder, the same classes for all parts; loose files beside class folders are left out. */
function label(parts: readonly { readonly folder: string; readonly listing: Listing }[]): {
  classes: string[];
  notes: string[];
  items: Item[][];
} {
  const all = parts.flatMap((part) => part.listing.found);
  const classes = naturalOrder([...new Set(all.flatMap(({ folder }) => folder ?? []))]);
  const index = new Map(classes.map((name, i) => [name, i]));
  const loose = classes.length > 0 ? all.filter(({ folder }) => folder === null) : [];
  return {
    classes,
    notes:
      loose.length > 0
        ? [
            `${loose.length} ${loose.length === 1 ? 'image lies' : 'images lie'} beside the class folders and ${loose.length === 1 ? 'is' : 'are'} not used (${loose[0]?.path ?? ''}).`,
          ]
        : [],
    items: parts.map(({ folder: part, listing }) =>
      listing.found
        .filter(({ folder }) => folder !== null || classes.length === 0)
        .map(({ path, folder }) => ({
          id: part === '' ? path : `${part}/${path}`,
          label: folder === null ? null : (index.get(folder) ?? null),
        })),
    ),
  };
}

function split(root: string, items: readonly Item[]): Split {
  return {
    items,
    open: () =>
      Promise.resolve({
        // Synchronous on purpose: for small files it costs a tenth of a round trip through the thread pool.
        load: (index) => ({ kind: 'encoded', bytes: readFileSync(join(root, items[index]?.id ?? '')) }),
        close: () => undefined,
      }),
  };
}

/** All images below a folder, each real folder once, so that a link to a parent ends. */
function listImages(root: string, most: number): Listing {
  let left = most;
  let isCut = false;
  const found: Found[] = [];
  const foreign = new Map<string, number>();
  const visited = new Set<string>();
  const visit = (below: string, folder: string | null): void => {
    const path = join(root, below);
    const real = realpathSync(path);
    if (visited.has(real)) return;
    visited.add(real);
    if (left <= 0) {
      isCut = true;
      return;
    }
    const { files, folders, isCut: isPart } = listFolder(path, left);
    isCut ||= isPart;
    left -= files.length + folders.length;
    for (const name of naturalOrder(files)) {
      const extension = extname(name).toLowerCase();
      if (IMAGE_EXTENSIONS.has(extension))
        found.push({ path: below === '' ? name : `${below}/${name}`, folder });
      else if (FOREIGN_EXTENSIONS.has(extension)) foreign.set(extension, (foreign.get(extension) ?? 0) + 1);
    }
    for (const name of naturalOrder(folders)) visit(below === '' ? name : `${below}/${name}`, folder ?? name);
  };
  visit('', null);
  return { found, foreign, isCut };
}

function listFolder(
  path: string,
  most: number,
): { readonly files: string[]; readonly folders: string[]; readonly isCut: boolean } {
  const files: string[] = [];
  const folders: string[] = [];
  let listed: { readonly entries: readonly Dirent[]; readonly isCut: boolean };
  try {
    listed = firstEntries(path, most);
  } catch (cause) {
    throw new MoatError('dataset-unreadable', `The folder ${path} cannot be listed.`, { cause });
  }
  for (const entry of listed.entries) {
    if (entry.name.startsWith('.') || entry.name === '__MACOSX') continue;
    const isFolder = entry.isSymbolicLink()
      ? // A link to nowhere stays in the list as a file, to be named as unreadable if it is called an image.
        (statSync(join(path, entry.name), { throwIfNoEntry: false })?.isDirectory() ?? false)
      : entry.isDirectory();
    (isFolder ? folders : files).push(entry.name);
  }
  return { files, folders, isCut: listed.isCut };
}

function empty(root: string, { foreign }: Listing): MoatError {
  const others = [...foreign].map(([extension, count]) => `${count} ${extension}`).join(', ');
  return new MoatError(
    'dataset-empty',
    others === ''
      ? `There are no images in ${root}.`
      : `There are no images in ${root} that Moat can read, only ${others}.`,
  );
}
