import { statSync } from 'node:fs';
import { basename } from 'node:path';
import { MoatError } from '../contract/errors.ts';
import { listCifar, looksLikeCifar } from './cifar-batches.ts';
import type { Dataset, DatasetContents } from './dataset-parts.ts';
import { listDemo } from './demo-dataset.ts';
import { firstEntries } from './first-entries.ts';
import { beginsLikeIdx, listIdx, looksLikeIdx } from './idx.ts';
import { listImageFolder } from './image-folder.ts';
import { listNpz } from './npz-images.ts';
import { listStl10, looksLikeStl10 } from './stl10.ts';
import { listSvhn, looksLikeSvhn } from './svhn.ts';

export type { Dataset, DatasetFormat, Item, Split, SplitName } from './dataset-parts.ts';

/** The path of the demo's drawn images. */
export const DEMO_PATH = 'builtin:demo';

/**
 * Finds out what a path holds and lists its images without decoding any.
 * @param path image folder, folder or file of CIFAR binary batches, SVHN, STL-10 or IDX, `.npz`, or `builtin:demo`
 * @param name how the data set is called in results; default: the last part of the path
 * @param most entries of a folder that are looked at: for a first look at one of any size
 * @throws MoatError `path-missing`, `dataset-empty`, `dataset-format`, `dataset-unreadable`
 */
export async function openDataset(
  path: string,
  name?: string,
  most = Number.POSITIVE_INFINITY,
): Promise<Dataset> {
  const contents = path === DEMO_PATH ? listDemo() : await list(path, most);
  return { path, name: name ?? (path === DEMO_PATH ? 'demo' : basename(path)), ...contents };
}

async function list(path: string, most: number): Promise<DatasetContents> {
  const found = statSync(path, { throwIfNoEntry: false });
  if (!found) throw new MoatError('path-missing', `There is no file or folder ${path}.`);
  if (found.isDirectory()) return listFolder(path, most);
  if (!found.isFile()) throw new MoatError('dataset-format', `${path} is neither a file nor a folder.`);
  if (found.size === 0) throw new MoatError('dataset-empty', `${path} is empty.`);
  if (/\.npz$/i.test(path)) return listNpz(path);
  if (/\.mat$/i.test(path)) return listSvhn(path);
  if (looksLikeStl10([basename(path)])) return listStl10(path);
  if (/\.bin$/i.test(path)) return listCifar(path);
  if (looksLikeIdx([basename(path)]) || beginsLikeIdx(path)) return listIdx(path);
  throw new MoatError(
    'dataset-format',
    `${path} is no data set that Moat knows; name a folder of images, CIFAR batches (*.bin), SVHN (*.mat), STL-10 (*_X.bin), IDX or .npz.`,
  );
}

async function listFolder(path: string, most: number): Promise<DatasetContents> {
  let files: string[];
  try {
    files = firstEntries(path, most).entries.map(({ name }) => name);
  } catch (cause) {
    throw new MoatError('dataset-unreadable', `The folder ${path} cannot be listed.`, { cause });
  }
  if (looksLikeIdx(files)) return listIdx(path);
  if (looksLikeSvhn(files)) return listSvhn(path);
  if (looksLikeStl10(files)) return listStl10(path);
  if (looksLikeCifar(files)) return listCifar(path);
  try {
    return listImageFolder(path, most);
  } catch (error) {
    const archives = files.filter((file) => /\.npz$/i.test(file));
    if (!(error instanceof MoatError) || error.code !== 'dataset-empty' || archives.length === 0) throw error;
    if (archives.length === 1) return listNpz(`${path}/${archives[0] ?? ''}`);
    throw new MoatError(
      'dataset-empty',
      `${path} holds several .npz files (${archives.join(', ')}); name one.`,
    );
  }
}
