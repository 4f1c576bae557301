import { readFile, stat, writeFile } from 'node:fs/promises';
import { unzipSync, zipSync } from 'fflate';
import { MoatError } from '../contract/errors.ts';
import { encodeNpy, type WritableArray } from './npy-encode.ts';
import { parseNpy, type NpyArray } from './npy.ts';

/** Zip archives of .npy files, as `numpy.savez` and `savez_compressed` write them. */

/** Unpacked bytes of one archive: it is held in memory whole. A larger set belongs into an image folder. */
const MAX_BYTES = 2 ** 31;
const MAX_MEMBERS = 4096;

/** The zip format's earliest date: an equal content gives an equal file, whenever it is written. */
const FIXED_TIME = new Date(1980, 0, 1);

/**
 * Every array of a .npz by its name (without `.npy`).
 * @throws MoatError `path-missing`; `dataset-format` for a damaged, oversized or pickled archive.
 */
export async function readNpz(path: string): Promise<Map<string, NpyArray>> {
  return parseNpz(await readWhole(path), path);
}

export function parseNpz(bytes: Uint8Array, source: string): Map<string, NpyArray> {
  const arrays = new Map<string, NpyArray>();
  for (const [name, member] of Object.entries(unpack(bytes, source)))
    arrays.set(name.slice(0, -'.npy'.length), parseNpy(member, `"${name}" in ${source}`));
  if (arrays.size === 0) throw new MoatError('dataset-format', `${source} holds no NumPy arrays.`);
  return arrays;
}

/** Writes arrays uncompressed, as `numpy.savez` does. */
export async function writeNpz(path: string, arrays: Readonly<Record<string, WritableArray>>): Promise<void> {
  const members = Object.entries(arrays).map(([name, array]) => [`${name}.npy`, encodeNpy(array)]);
  await writeFile(path, zipSync(Object.fromEntries(members), { level: 0, mtime: FIXED_TIME }));
}

function unpack(bytes: Uint8Array, source: string): Record<string, Uint8Array> {
  let total = 0;
  let members = 0;
  try {
    return unzipSync(bytes, {
      // The sizes come from the archive's directory; they are judged before anything is unpacked.
      filter(member) {
        if (!member.name.endsWith('.npy')) return false;
        total += member.originalSize;
        members += 1;
        if (total > MAX_BYTES || members > MAX_MEMBERS)
          throw new MoatError(
            'dataset-format',
            `${source} unpacks to more than ${MAX_BYTES / 2 ** 30} GiB or ${MAX_MEMBERS} arrays; use an image folder.`,
          );
        return true;
      },
    });
  } catch (cause) {
    if (cause instanceof MoatError) throw cause;
    throw new MoatError('dataset-format', `${source} is not a whole .npz (zip) archive.`, { cause });
  }
}

/** @throws MoatError `path-missing` when there is no file, `dataset-format` when it is too large to hold. */
async function readWhole(path: string): Promise<Uint8Array> {
  const found = await stat(path).catch(() => undefined);
  if (!found?.isFile()) throw new MoatError('path-missing', `There is no file ${path}.`);
  if (found.size > MAX_BYTES)
    throw new MoatError(
      'dataset-format',
      `${path} is larger than ${MAX_BYTES / 2 ** 30} GiB; use an image folder.`,
    );
  return readFile(path);
}
