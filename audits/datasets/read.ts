import { imageBytes, type Images, type LabelledImages } from '../contract/data.ts';
import type { ImageGeometry } from '../contract/encoder.ts';
import { MoatError } from '../contract/errors.ts';
import type { Dataset, SplitName } from './dataset-parts.ts';
import type { BrokenImage } from './decode-block.ts';
import { readBlocks } from './read-blocks.ts';
import type { ItemRef, LabelledRef } from './split.ts';

export { digestImages } from './image-hash.ts';

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
  /** Called after each block of images. */
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
  const total = items.length;
  const data = new Uint8Array(total * imageBytes(geometry));
  const hashes: string[] = [];
  const kept: number[] = [];
  const broken: BrokenImage[] = [];
  const places = items.map(({ split, index }) => ({ dataset, split, index }));
  for await (const block of readBlocks(places, geometry, { signal: options.signal })) {
    data.set(block.images.data, kept.length * imageBytes(geometry));
    hashes.push(...block.images.hashes);
    kept.push(...block.kept);
    broken.push(...block.broken);
    options.progress?.(block.done, total);
  }
  const corrupt = broken.map(({ at, reason }) => ({ id: idOf(dataset, items[at]), reason }));
  if (total > 0 && corrupt.length === total)
    throw new MoatError(
      'dataset-unreadable',
      `None of the ${total} images of ${dataset.name} could be read; ${corrupt[0]?.id} ${corrupt[0]?.reason}.`,
      { details: { corrupt: corrupt.slice(0, 20) } },
    );
  const { height, width } = geometry;
  const whole = corrupt.length === 0 ? data : data.slice(0, kept.length * imageBytes(geometry));
  return { images: { data: whole, count: kept.length, height, width, hashes }, kept, corrupt };
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

function idOf(dataset: Dataset, item: Pick<ItemRef, 'split' | 'index'> | undefined): string {
  return (item && dataset.splits[item.split]?.items[item.index]?.id) ?? '';
}
