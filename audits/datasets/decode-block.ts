import { imageBytes } from '../contract/data.ts';
import type { ImageGeometry } from '../contract/encoder.ts';
import type { StoredImage } from './dataset-parts.ts';
import { decodeFailure, type DecodeImage } from './decode.ts';
import { hashImage } from './image-hash.ts';

/** An image as its data set keeps it, or why it could not even be opened. */
export type BlockItem = StoredImage | { readonly kind: 'unreadable'; readonly reason: string };

export interface DecodedBlock {
  /** `[kept.length, height, width, 3]`, without gaps. */
  readonly data: Uint8Array<ArrayBuffer>;
  /** Identity of each image in `data`. */
  readonly hashes: readonly string[];
  /** Positions in the block of the images in `data`, ascending. */
  readonly kept: readonly number[];
  readonly broken: readonly BrokenImage[];
}

export interface BrokenImage {
  /** Position in what was asked for. */
  readonly at: number;
  /** Part of a sentence. */
  readonly reason: string;
}

/** Turns blocks of stored images into pixels of one size, here or in threads. */
export interface BlockDecoder {
  decode(items: readonly BlockItem[], geometry: ImageGeometry): Promise<DecodedBlock>;
  /** Ends what is under way; its promises are rejected. */
  close(): Promise<void>;
}

/** Pictures in sharp's hands at a time: keeps libuv's threads fed (measured: 16 beats 8 and 64). */
const IN_FLIGHT = 16;

/** Decodes a block in this thread (and sharp's). Broken images are named, not thrown. */
export async function decodeBlock(
  decode: DecodeImage,
  items: readonly BlockItem[],
  geometry: ImageGeometry,
): Promise<DecodedBlock> {
  const size = imageBytes(geometry);
  const data = new Uint8Array(items.length * size);
  const hashes = new Map<number, string>();
  const broken: BrokenImage[] = [];
  let next = 0;
  const lane = async (): Promise<void> => {
    for (let at = next++; at < items.length; at = next++) {
      const item = items[at];
      if (item === undefined || item.kind === 'unreadable') {
        broken.push({ at, reason: item?.reason ?? '' });
        continue;
      }
      try {
        const pixels = await decode(item, geometry);
        data.set(pixels, at * size);
        hashes.set(at, hashImage(pixels, geometry.height, geometry.width));
      } catch (error) {
        broken.push({ at, reason: decodeFailure(error) });
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(IN_FLIGHT, items.length) }, lane));
  const kept = [...hashes.keys()].sort((a, b) => a - b);
  kept.forEach((at, i) => data.copyWithin(i * size, at * size, (at + 1) * size));
  return {
    data: kept.length === items.length ? data : data.slice(0, kept.length * size),
    hashes: kept.map((at) => hashes.get(at) ?? ''),
    kept,
    broken: broken.sort((a, b) => a.at - b.at),
  };
}
