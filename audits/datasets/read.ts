import sharp, { type Sharp } from 'sharp';
import { imageBytes, type Images, type LabelledImages } from '../contract/data.ts';
import type { ImageGeometry, Interpolation } from '../contract/encoder.ts';
import { MoatError } from '../contract/errors.ts';
import type { Dataset, SplitName, SplitReader, StoredImage } from './dataset-parts.ts';
import { enlarge } from './enlarge.ts';
import { hashImage } from './image-hash.ts';
import { channelsToPixels } from './pixels.ts';
import type { ItemRef, LabelledRef } from './split.ts';

export { digestImages } from './image-hash.ts';

// Small images: one thread each, many at a time, and no cache of what is read once.
sharp.concurrency(1);
sharp.cache(false);

/** Images in flight: keeps libuv's threads fed while the results of others are copied (measured: 16 beats 8 and 64). */
const IN_FLIGHT = 16;
/** Larger pictures are refused by name: with IN_FLIGHT at once they could fill the memory. */
const MAX_PIXELS = 100_000_000;

const KERNELS = {
  nearest: 'nearest',
  bilinear: 'linear',
  bicubic: 'cubic',
  lanczos: 'lanczos3',
} as const satisfies Record<Interpolation, string>;

export interface CorruptImage {
  readonly id: string;
  readonly reason: string;
}

export interface ReadResult {
  readonly images: Images;
  /** Of the indices (or items) asked for, those really read, in the same order. */
  readonly kept: readonly number[];
  readonly corrupt: readonly CorruptImage[];
}

export interface ReadOptions {
  readonly signal?: AbortSignal | undefined;
  /** Called about a hundred times. */
  readonly progress?: ((done: number, total: number) => void) | undefined;
}

/**
 * Decodes and resizes images, in the order asked for: grey is repeated to RGB, transparency lies on black, 16 bits
 * become 8, EXIF rotation is applied, CMYK is converted, color profiles are ignored (as PyTorch's and Keras's loaders do).
 * @returns the images that could be read, and in `kept` their indices; broken ones are named in `corrupt`
 * @throws MoatError `dataset-unreadable` when every image asked for is broken, `cancelled` on the signal
 */
export async function readImages(
  dataset: Dataset,
  split: SplitName,
  indices: ArrayLike<number>,
  geometry: ImageGeometry,
  options: ReadOptions = {},
): Promise<ReadResult> {
  const items = Array.from(indices, (index) => ({ split, index }));
  const result = await readItems(dataset, items, geometry, options);
  return { ...result, kept: result.kept.map((at) => indices[at] ?? 0) };
}

/** As `readImages`, for items of any split (`splitTask`, `poolOrder`); `kept` are positions in `items`. */
export async function readItems(
  dataset: Dataset,
  items: readonly Pick<ItemRef, 'split' | 'index'>[],
  geometry: ImageGeometry,
  options: ReadOptions = {},
): Promise<ReadResult> {
  const { height, width } = geometry;
  const size = imageBytes(geometry);
  const total = items.length;
  const data = new Uint8Array(total * size);
  const hashes = Array.from<string | null>({ length: total }).fill(null);
  const failures = new Map<number, string>();
  const reportEvery = Math.max(1, Math.floor(total / 100));
  let next = 0;
  let done = 0;
  const readers = await openReaders(dataset, new Set(items.map((item) => item.split)));
  const lane = async (): Promise<void> => {
    while (next < total) {
      if (options.signal?.aborted)
        throw new MoatError('cancelled', `Reading ${dataset.name} was cancelled.`, {
          cause: options.signal.reason,
        });
      const at = next++;
      try {
        const pixels = await toGeometry(load(readers, items[at]), geometry);
        data.set(pixels, at * size);
        hashes[at] = hashImage(pixels, height, width);
      } catch (error) {
        failures.set(at, reasonOf(error));
      }
      done += 1;
      if (done % reportEvery === 0 || done === total) options.progress?.(done, total);
    }
  };
  try {
    await Promise.all(Array.from({ length: Math.min(IN_FLIGHT, total) }, lane));
  } finally {
    for (const reader of readers.values()) reader.close();
  }
  const corrupt = [...failures]
    .sort(([a], [b]) => a - b)
    .map(([at, reason]) => ({ id: idOf(dataset, items[at]), reason }));
  if (total > 0 && corrupt.length === total)
    throw new MoatError(
      'dataset-unreadable',
      `None of the ${total} images of ${dataset.name} could be read; ${corrupt[0]?.id} ${corrupt[0]?.reason}.`,
      { details: { corrupt: corrupt.slice(0, 20) } },
    );
  const kept = hashes.flatMap((hash, at) => (hash === null ? [] : [at]));
  return { images: compact(data, hashes, size, geometry), kept, corrupt };
}

/**
 * Reads the rows of a task with their labels.
 * @throws MoatError as `readImages`
 */
export async function readLabelled(
  dataset: Dataset,
  rows: readonly LabelledRef[],
  geometry: ImageGeometry,
  options: ReadOptions = {},
): Promise<{ readonly labelled: LabelledImages; readonly corrupt: readonly CorruptImage[] }> {
  const { images, kept, corrupt } = await readItems(dataset, rows, geometry, options);
  const labels = Int32Array.from(kept, (at) => rows[at]?.label ?? 0);
  return { labelled: { images, labels, classes: dataset.classes }, corrupt };
}

async function openReaders(
  dataset: Dataset,
  names: ReadonlySet<SplitName>,
): Promise<Map<SplitName, SplitReader>> {
  const readers = new Map<SplitName, SplitReader>();
  for (const name of names) {
    const split = dataset.splits[name];
    if (!split) throw new RangeError(`${dataset.name} has no split ${name}`);
    readers.set(name, await split.open());
  }
  return readers;
}

function load(
  readers: ReadonlyMap<SplitName, SplitReader>,
  item: Pick<ItemRef, 'split' | 'index'> | undefined,
): StoredImage {
  const reader = item && readers.get(item.split);
  if (!reader) throw new RangeError('no such image');
  return reader.load(item.index);
}

function idOf(dataset: Dataset, item: Pick<ItemRef, 'split' | 'index'> | undefined): string {
  return (item && dataset.splits[item.split]?.items[item.index]?.id) ?? '';
}

/** Closes the gaps that broken images left. */
function compact(
  data: Uint8Array,
  hashes: readonly (string | null)[],
  size: number,
  { height, width }: ImageGeometry,
): Images {
  const kept: string[] = [];
  hashes.forEach((hash, at) => {
    if (hash === null) return;
    if (kept.length !== at) data.copyWithin(kept.length * size, at * size, (at + 1) * size);
    kept.push(hash);
  });
  const whole = kept.length === hashes.length ? data : data.slice(0, kept.length * size);
  return { data: whole, count: kept.length, height, width, hashes: kept };
}

/** One image as RGB pixels `[height, width, 3]` of the geometry's size: sharp shrinks, `enlarge` does the rest. */
async function toGeometry(image: StoredImage, geometry: ImageGeometry): Promise<Uint8Array> {
  const { height, width, resize, resizeTo, interpolation } = geometry;
  const shrunk = await shrink(image, geometry);
  if (resize === 'stretch') {
    if (shrunk.height === height && shrunk.width === width) return shrunk.pixels;
    return enlarge(shrunk.pixels, shrunk, geometry, { top: 0, left: 0, height, width }, interpolation);
  }
  const growth = resizeTo / Math.min(shrunk.height, shrunk.width);
  const full = { height: Math.round(shrunk.height * growth), width: Math.round(shrunk.width * growth) };
  const window = {
    top: Math.round((full.height - height) / 2),
    left: Math.round((full.width - width) / 2),
    height,
    width,
  };
  return enlarge(shrunk.pixels, shrunk, full, window, interpolation);
}

interface Pixels {
  readonly pixels: Uint8Array;
  readonly height: number;
  readonly width: number;
}

/** Decodes, and shrinks each side that is too long: to the size (`stretch`), or the shorter side to `resizeTo` (`crop`). */
async function shrink(image: StoredImage, geometry: ImageGeometry): Promise<Pixels> {
  const { height, width, resize, resizeTo } = geometry;
  if (image.kind === 'pixels') {
    const small =
      resize === 'stretch'
        ? image.height <= height && image.width <= width
        : Math.min(image.height, image.width) <= resizeTo;
    if (small) return image;
  }
  const common = {
    kernel: KERNELS[geometry.interpolation],
    withoutEnlargement: true,
    // Shrinking while decoding is fast, but not what encoders were trained with.
    fastShrinkOnLoad: false,
  };
  const { data, info } = await decoder(image)
    .resize(
      resize === 'stretch'
        ? { width, height, fit: 'fill', ...common }
        : { width: resizeTo, height: resizeTo, fit: 'outside', ...common },
    )
    .raw()
    .toBuffer({ resolveWithObject: true });
  const pixels = channelsToPixels(data, info.channels, info.width * info.height);
  return { pixels, height: info.height, width: info.width };
}

function decoder(image: StoredImage): Sharp {
  if (image.kind === 'pixels')
    return sharp(image.pixels, { raw: { width: image.width, height: image.height, channels: 3 } });
  return sharp(image.bytes, {
    failOn: 'error',
    autoOrient: true,
    ignoreIcc: true,
    limitInputPixels: MAX_PIXELS,
  })
    .flatten({ background: '#000' })
    .toColourspace('srgb');
}

/**
 * Why an image was not read, as part of a sentence. The decoder's own words are not repeated: libvips keeps them in one
 * place for all threads, and another image's may stand there.
 */
function reasonOf(error: unknown): string {
  if (
    error instanceof Error &&
    'code' in error &&
    typeof error.code === 'string' &&
    error.code.startsWith('E')
  )
    return `cannot be opened (${error.code})`;
  const message = error instanceof Error ? error.message : String(error);
  if (/is empty/i.test(message)) return 'is empty';
  if (/unsupported image format/i.test(message)) return 'is no picture in a format Moat reads';
  if (/pixel limit/i.test(message)) return `has more than ${MAX_PIXELS / 1e6} million pixels`;
  return 'is damaged or cut short';
}
