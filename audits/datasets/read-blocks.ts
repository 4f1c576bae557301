import { imageBytes, type Images } from '../contract/data.ts';
import type { ImageGeometry } from '../contract/encoder.ts';
import { MoatError } from '../contract/errors.ts';
import { ahead } from './ahead.ts';
import type { Dataset, SplitName, SplitReader } from './dataset-parts.ts';
import { createImageDecoder, decodeFailure } from './decode.ts';
import { decodeBlock, type BlockDecoder, type BlockItem, type BrokenImage } from './decode-block.ts';
import { openDecodeThreads } from './decode-threads.ts';

/** Where one image is. */
export interface ImagePlace {
  readonly dataset: Dataset;
  readonly split: SplitName;
  readonly index: number;
}

/** Consecutive images of those asked for. `kept` and `broken` are positions among all that were asked for. */
export interface ReadBlock {
  readonly images: Images;
  /** Position of each image in `images`. */
  readonly kept: readonly number[];
  readonly broken: readonly BrokenImage[];
  /** How many were asked for up to the end of this block. */
  readonly done: number;
}

/** Images per block; fewer when they are large. */
const BLOCK_IMAGES = 256;
const BLOCK_BYTES = 8 * 2 ** 20;
/** Blocks decoded or being decoded before they are asked for: two threads' work, and two in store. */
const BLOCKS_AHEAD = 4;
/** Below this, threads take longer to start than the images take. */
const WORTH_THREADS = 512;

/**
 * Decodes images in blocks, in the order asked for, ahead of their use: while the caller embeds one block, the next are
 * being decoded in other threads. Memory holds a few blocks, whatever the number of images.
 * @param decoder default: threads where they are worth it, closed at the end
 * @throws MoatError `cancelled` on the signal
 */
export async function* readBlocks(
  places: readonly ImagePlace[],
  geometry: ImageGeometry,
  options: {
    readonly signal?: AbortSignal | undefined;
    readonly decoder?: BlockDecoder;
    readonly blocksAhead?: number;
  } = {},
): AsyncGenerator<ReadBlock> {
  const { signal } = options;
  const decoder = options.decoder ?? (places.length < WORTH_THREADS ? thisThread() : openDecodeThreads());
  const readers = await openReaders(places);
  const { height, width } = geometry;
  const rows = Math.max(1, Math.min(BLOCK_IMAGES, Math.floor(BLOCK_BYTES / imageBytes(geometry))));
  const block = async (start: number, end: number): Promise<ReadBlock> => {
    const items = places.slice(start, end).map((place) => load(readers, place));
    const { data, hashes, kept, broken } = await decoder.decode(items, geometry);
    return {
      images: { data, count: kept.length, height, width, hashes },
      kept: kept.map((at) => start + at),
      broken: broken.map(({ at, reason }) => ({ at: start + at, reason })),
      done: end,
    };
  };
  function* blocks(): Generator<() => Promise<ReadBlock>> {
    for (let start = 0; start < places.length; start += rows)
      yield () => block(start, Math.min(start + rows, places.length));
  }
  const stopIfAborted = (): void => {
    if (signal?.aborted === true)
      throw new MoatError('cancelled', 'Reading images was cancelled.', { cause: signal.reason });
  };
  try {
    stopIfAborted();
    for await (const read of ahead(blocks(), options.blocksAhead ?? BLOCKS_AHEAD)) {
      stopIfAborted();
      yield read;
    }
  } finally {
    if (options.decoder === undefined) await decoder.close();
    for (const split of readers.values()) for (const reader of split.values()) reader.close();
  }
}

function thisThread(): BlockDecoder {
  const decode = createImageDecoder();
  return {
    decode: (items, geometry) => decodeBlock(decode, items, geometry),
    close: () => Promise.resolve(),
  };
}

type Readers = ReadonlyMap<Dataset, ReadonlyMap<SplitName, SplitReader>>;

async function openReaders(places: readonly ImagePlace[]): Promise<Readers> {
  const readers = new Map<Dataset, Map<SplitName, SplitReader>>();
  for (const { dataset, split: name } of places) {
    const ofDataset = readers.get(dataset) ?? new Map<SplitName, SplitReader>();
    readers.set(dataset, ofDataset);
    if (ofDataset.has(name)) continue;
    const split = dataset.splits[name];
    if (!split) throw new RangeError(`${dataset.name} has no split ${name}`);
    ofDataset.set(name, await split.open());
  }
  return readers;
}

function load(readers: Readers, { dataset, split, index }: ImagePlace): BlockItem {
  try {
    const reader = readers.get(dataset)?.get(split);
    if (!reader) throw new RangeError('no such image');
    return reader.load(index);
  } catch (error) {
    return { kind: 'unreadable', reason: decodeFailure(error) };
  }
}
