import type { Images } from '../contract/data.ts';
import type { Encoder, ImageGeometry } from '../contract/encoder.ts';
import { MoatError } from '../contract/errors.ts';
import type {
  DisturbanceId,
  DisturbedEmbeddings,
  EncoderObservations,
  SideObservations,
} from '../contract/ownership.ts';
import { DEMO_PATH, openDataset, type Dataset, type SplitName } from '../datasets/dataset.ts';
import { digestImages, readImages } from '../datasets/read.ts';
import type { Rng } from '../rng.ts';
import { disturbImages } from './disturb-images.ts';

/** Which images ownership tests are made on, and what an encoder answers to them. */

/** Images of one data set, by their places in it. */
export interface ImageSource {
  readonly dataset: Dataset;
  readonly split: SplitName;
  readonly indices: readonly number[];
  /** SHA-256 (hex) over the images' identities, in order. */
  readonly digest: string;
}

export interface OwnershipImages {
  /** The private images where there are some, drawn ones else. */
  readonly compared: ImageSource;
  readonly private?: ImageSource | undefined;
  readonly public?: ImageSource | undefined;
  /** Plain sentences: what was left out and why. */
  readonly notes: readonly string[];
}

/**
 * The paper's noise for 32-pixel images, standard deviation 0.001 of the pixel range; in levels of 255
 * (paper-spec 4.5).
 */
const NOISE_LEVELS = 0.001 * 255;
/** Neighbors `x + U(0, 0.005)` (paper-spec 4.5, the draft's code); in levels. */
const RADIUS_LEVELS = 0.005 * 255;
/** The paper's rows have 32 to 10 000 images and 10 to 100 copies a side; this many cost as much as 2 000 plain images. */
const DISTURBED_IMAGES = 100;
const COPIES = 10;

/**
 * Chooses up to `most` images a side. A public image that is also private counts as private alone.
 * @throws MoatError `path-missing`, `dataset-*`
 */
export async function chooseOwnershipImages(
  paths: { readonly private?: string | undefined; readonly public?: string | undefined },
  most: number,
  geometry: ImageGeometry,
  rng: Rng,
): Promise<OwnershipImages> {
  const own =
    paths.private === undefined
      ? undefined
      : await chooseSide(await openDataset(paths.private), ['train', 'all', 'test'], {
          most,
          geometry,
          rng: rng.derive('private'),
        });
  const strangers =
    paths.public === undefined
      ? undefined
      : await chooseSide(await openDataset(paths.public), ['test', 'all', 'train'], {
          most,
          geometry,
          rng: rng.derive('public'),
          without: new Set(own?.hashes ?? []),
        });
  const compared =
    own ??
    (await chooseSide(await openDataset(DEMO_PATH), ['test'], { most, geometry, rng: rng.derive('drawn') }));
  return {
    compared: compared.source,
    private: own?.source,
    public: strangers?.source,
    notes: [
      ...(own === undefined
        ? ['Encoders are compared on drawn images (color shapes); --private FOLDER takes the victim’s own.']
        : []),
      ...(own?.notes ?? []),
      ...(strangers?.notes ?? []),
    ],
  };
}

interface ChosenSide {
  readonly source: ImageSource;
  readonly hashes: readonly string[];
  readonly notes: readonly string[];
}

async function chooseSide(
  dataset: Dataset,
  preferred: readonly SplitName[],
  {
    most,
    geometry,
    rng,
    without = new Set(),
  }: {
    readonly most: number;
    readonly geometry: ImageGeometry;
    readonly rng: Rng;
    readonly without?: ReadonlySet<string>;
  },
): Promise<ChosenSide> {
  const split = preferred.find((name) => dataset.splits[name] !== undefined);
  const count = split === undefined ? 0 : (dataset.splits[split]?.items.length ?? 0);
  if (split === undefined || count === 0)
    throw new MoatError('dataset-empty', `There are no images in ${dataset.name}.`);
  const asked = rng.permutation(count).subarray(0, most);
  const { images, kept, corrupt } = await readImages(dataset, split, asked, geometry);
  const taken = images.hashes.flatMap((hash, i) =>
    without.has(hash) ? [] : [{ hash, index: kept[i] ?? 0 }],
  );
  const shared = images.count - taken.length;
  if (taken.length < 2)
    throw new MoatError(
      'dataset-too-small',
      `Ownership tests need at least two images of ${dataset.name}${shared > 0 ? ' that are not private too' : ''}.`,
    );
  const hashes = taken.map(({ hash }) => hash);
  return {
    source: {
      dataset,
      split,
      indices: taken.map(({ index }) => index),
      digest: digestImages({ hashes }),
    },
    hashes,
    notes: [
      ...(shared > 0 ? [`${shared} of the public images are private images too and were left out.`] : []),
      ...(corrupt.length > 0
        ? [`${corrupt.length} images of ${dataset.name} could not be read and were left out.`]
        : []),
    ],
  };
}

/**
 * What one encoder answers to the chosen images and to disturbed copies of them. Each encoder reads them at its own size.
 * @param options.rng draws the noise: equal streams disturb images of one size equally
 * @param options.disturbances copies to embed; those that no test looks at are left out
 * @throws MoatError `encoder-failed`, `dataset-*`, `cancelled`
 */
export async function observeEncoder(
  encoder: Encoder,
  name: string,
  images: OwnershipImages,
  {
    rng,
    disturbances,
    signal,
  }: {
    readonly rng: Rng;
    readonly disturbances: ReadonlySet<DisturbanceId>;
    readonly signal: AbortSignal;
  },
): Promise<EncoderObservations> {
  const { preprocessing } = encoder.description;
  const read = async ({ dataset, split, indices }: ImageSource): Promise<Images> => {
    const found = await readImages(dataset, split, indices, preprocessing, { signal });
    if (found.images.count !== indices.length)
      throw new MoatError(
        'dataset-unreadable',
        `${found.corrupt.length} images of ${dataset.name} could no longer be read.`,
      );
    return found.images;
  };
  const side = async (
    source: ImageSource | undefined,
    stream: Rng,
  ): Promise<SideObservations | undefined> => {
    if (source === undefined) return undefined;
    const plain = await read(source);
    const copies = async (what: DisturbanceId): Promise<DisturbedEmbeddings | undefined> => {
      if (!disturbances.has(what)) return undefined;
      const shape = { count: DISTURBED_IMAGES, perImage: COPIES, draw: draws[what] };
      const disturbed = disturbImages(plain, shape, stream.derive(what));
      return {
        images: disturbed.count / COPIES,
        perImage: COPIES,
        embeddings: await encoder.embed(disturbed),
      };
    };
    return {
      embeddings: await encoder.embed(plain),
      noisy: await copies('noisy'),
      nearby: await copies('nearby'),
    };
  };
  const own = await side(images.private, rng.derive('private'));
  const strangers = await side(images.public, rng.derive('public'));
  return {
    name,
    compared: own?.embeddings ?? (await encoder.embed(await read(images.compared))),
    private: own,
    public: strangers,
  };
}

/** Noise of one pixel, in levels. */
const draws: Readonly<Record<DisturbanceId, (from: Rng) => number>> = {
  noisy: (from) => NOISE_LEVELS * from.normal(),
  nearby: (from) => RADIUS_LEVELS * from.uniform(),
};
