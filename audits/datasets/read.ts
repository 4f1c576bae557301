import sharp, { type Sharp } from 'sharp';
import { imageBytes, type Images } from '../contract/data.ts';
import type { ImageGeometry, Interpolation } from '../contract/encoder.ts';
import { MoatError } from '../contract/errors.ts';
import type { Dataset, SplitName, StoredImage } from './dataset-parts.ts';
import { hashImage } from './image-hash.ts';
import { centerCrop, channelsToPixels } from './pixels.ts';

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
  /** Of the indices asked for, those really read, in the same order. */
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
 * @returns the images that could be read; broken ones are named in `corrupt`
 * @throws MoatError `dataset-unreadable` when every image asked for is broken, `cancelled` on the signal
 */
export async function readImages(
  dataset: Dataset,
  split: SplitName,
  indices: ArrayLike<number>,
  geometry: ImageGeometry,
  options: ReadOptions = {},
): Promise<ReadResult> {
  const source = dataset.splits[split];
  if (!source) throw new RangeError(`${dataset.name} has no split ${split}`);
  const { height, width } = geometry;
  const size = imageBytes(geometry);
  const total = indices.length;
  const data = new Uint8Array(total * size);
  const hashes = Array.from<string | null>({ length: total }).fill(null);
  const failures = new Map<number, string>();
  const reportEvery = Math.max(1, Math.floor(total / 100));
  let next = 0;
  let done = 0;
  const reader = await source.open();
  const lane = async (): Promise<void> => {
    while (next < total) {
      if (options.signal?.aborted)
        throw new MoatError('cancelled', `Reading ${dataset.name} was cancelled.`, {
          cause: options.signal.reason,
        });
      const at = next++;
      try {
        const pixels = await toGeometry(reader.load(indices[at] ?? 0), geometry);
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
    reader.close();
  }
  const corrupt = [...failures.keys()]
    .sort((a, b) => a - b)
    .map((at) => ({ id: source.items[indices[at] ?? 0]?.id ?? '', reason: failures.get(at) ?? '' }));
  if (total > 0 && corrupt.length === total)
    throw new MoatError(
      'dataset-unreadable',
      `None of the ${total} images of ${dataset.name} could be read; ${corrupt[0]?.id}: ${corrupt[0]?.reason}.`,
      { details: { corrupt: corrupt.slice(0, 20) } },
    );
  return { ...compact(data, hashes, size, geometry), kept: keptOf(indices, hashes), corrupt };
}

function keptOf(indices: ArrayLike<number>, hashes: readonly (string | null)[]): number[] {
  return Array.from(indices).filter((_, at) => hashes[at] !== null);
}

/** Closes the gaps that broken images left. */
function compact(
  data: Uint8Array,
  hashes: readonly (string | null)[],
  size: number,
  { height, width }: ImageGeometry,
): { images: Images } {
  const kept: string[] = [];
  hashes.forEach((hash, at) => {
    if (hash === null) return;
    if (kept.length !== at) data.copyWithin(kept.length * size, at * size, (at + 1) * size);
    kept.push(hash);
  });
  const whole = kept.length === hashes.length ? data : data.slice(0, kept.length * size);
  return { images: { data: whole, count: kept.length, height, width, hashes: kept } };
}

/** One image as RGB pixels `[height, width, 3]` of the geometry's size. */
async function toGeometry(image: StoredImage, geometry: ImageGeometry): Promise<Uint8Array> {
  if (image.kind === 'pixels' && fits(image, geometry)) return image.pixels;
  const side = geometry.resizeTo;
  const kernel = KERNELS[geometry.interpolation];
  const resized = decoder(image).resize(
    geometry.resize === 'stretch'
      ? { width: geometry.width, height: geometry.height, fit: 'fill', kernel, fastShrinkOnLoad: false }
      : // The centre square of the image whose shorter side is `resizeTo`: the crop below lies inside of it.
        { width: side, height: side, fit: 'cover', position: 'centre', kernel, fastShrinkOnLoad: false },
  );
  const { data, info } = await resized.raw().toBuffer({ resolveWithObject: true });
  const pixels = channelsToPixels(data, info.channels, info.width * info.height);
  return centerCrop(pixels, info, geometry.height, geometry.width);
}

function fits(
  image: { height: number; width: number },
  { height, width, resize, resizeTo }: ImageGeometry,
): boolean {
  if (image.height !== height || image.width !== width) return false;
  return resize === 'stretch' || Math.min(height, width) === resizeTo;
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

/** The first line of what the decoder says, as part of a sentence. */
function reasonOf(error: unknown): string {
  if (
    error instanceof Error &&
    'code' in error &&
    typeof error.code === 'string' &&
    error.code.startsWith('E')
  )
    return `cannot be opened (${error.code})`;
  const [line = ''] = (error instanceof Error ? error.message : String(error)).split('\n');
  return line.trim().replace(/\.$/, '') || 'cannot be decoded';
}
