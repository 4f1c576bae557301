import { readFileSync } from 'node:fs';
import { basename, dirname, resolve } from 'node:path';
import { matrix, selectRows, type Matrix } from '../contract/data.ts';
import { MoatError } from '../contract/errors.ts';
import { openDataset, type Dataset } from '../datasets/dataset.ts';
import type { NpyArray } from '../datasets/npy.ts';
import { readNpz } from '../datasets/npz.ts';
import { readImages } from '../datasets/read.ts';
import type { ProductionReplies } from './expect.ts';

/** `replies.npz`: images (or their paths) and the vectors production returned for them. */

const VECTOR_NAMES = ['vectors', 'embeddings', 'replies'];
const PATH_NAMES = ['paths', 'files'];
/** Forty candidates over more images than these take minutes and prove nothing more. */
const MOST_IMAGES = 128;
/** To find out which images decode at all. */
const THUMBNAIL = { height: 8, width: 8, resize: 'stretch', resizeTo: 8, interpolation: 'nearest' } as const;

export interface ExpectedReplies extends ProductionReplies {
  /** Plain sentences: images left out and why. */
  readonly notes: readonly string[];
}

/**
 * Reads `paths` (text, relative to the archive) or `images` (uint8 `[n, height, width, 3]`), and `vectors` `[n, dimension]`.
 * @throws MoatError `path-missing`, `dataset-format`, `dataset-unreadable`
 */
export async function readExpectedReplies(path: string): Promise<ExpectedReplies> {
  const arrays = await readNpz(path);
  const vectors = vectorsOf(arrays, path);
  const paths = PATH_NAMES.map((name) => arrays.get(name)).find((array) => array !== undefined);
  const dataset = paths === undefined ? await openDataset(path) : datasetOfPaths(paths, path);
  const [[split, found] = []] = Object.entries(dataset.splits) as [
    keyof Dataset['splits'],
    { items: readonly unknown[] },
  ][];
  if (split === undefined || found?.items.length !== vectors.rows)
    throw new MoatError(
      'dataset-format',
      `${path} holds ${vectors.rows} vectors for ${found?.items.length ?? 0} images; every image needs its vector.`,
    );
  const chosen = spread(vectors.rows, MOST_IMAGES);
  const { kept, corrupt } = await readImages(dataset, split, chosen, THUMBNAIL);
  return {
    vectors: selectRows(vectors, kept),
    images: async (geometry) => (await readImages(dataset, split, kept, geometry)).images,
    notes: [
      ...(chosen.length < vectors.rows
        ? [`${chosen.length} of the ${vectors.rows} expected replies are compared.`]
        : []),
      ...corrupt.map(({ id, reason }) => `The image ${id} is left out: ${reason}.`),
    ],
  };
}

function vectorsOf(arrays: ReadonlyMap<string, NpyArray>, path: string): Matrix {
  const name = VECTOR_NAMES.find((candidate) => arrays.has(candidate));
  const array = arrays.get(name ?? '');
  if (array === undefined)
    throw new MoatError(
      'dataset-format',
      `${path} has no array named "vectors"; it has ${[...arrays.keys()].join(', ')}.`,
    );
  const [rows = 0, columns = 0] = array.shape;
  if (array.dtype === 'string' || array.shape.length !== 2 || rows * columns === 0)
    throw new MoatError(
      'dataset-format',
      `"${name}" in ${path} has the shape [${array.shape.join(', ')}]; it must hold one vector per image.`,
    );
  return matrix(Float32Array.from(array.data), rows, columns);
}

function datasetOfPaths(paths: NpyArray, archive: string): Dataset {
  if (paths.dtype !== 'string')
    throw new MoatError(
      'dataset-format',
      `The image paths in ${archive} are of type ${paths.dtype}, not text.`,
    );
  const files = paths.data;
  return {
    path: archive,
    name: basename(archive),
    format: 'image-folder',
    classes: [],
    notes: [],
    splits: {
      all: {
        items: files.map((id) => ({ id, label: null })),
        open: () =>
          Promise.resolve({
            load: (index) => ({
              kind: 'encoded',
              bytes: readFileSync(resolve(dirname(archive), files[index] ?? '')),
            }),
            close: () => undefined,
          }),
      },
    },
  };
}

/** At most `most` positions, evenly over `count`. */
function spread(count: number, most: number): readonly number[] {
  const taken = Math.min(count, most);
  return Array.from({ length: taken }, (_, i) => Math.floor((i * count) / taken));
}
