import { imageBytes, type Images } from '../contract/data.ts';
import type { LabelledBlock } from './read-data.ts';

/**
 * The same images in blocks of equally many (the last may be shorter): what is embedded together then depends on the set
 * alone and not on where broken images or duplicates were taken out, so that numbers can be repeated.
 */
export async function* rechunk(
  blocks: AsyncIterable<LabelledBlock>,
  rows: number,
): AsyncGenerator<LabelledBlock> {
  let chunk: Chunk | undefined;
  for await (const { images, labels } of blocks)
    for (let from = 0; from < images.count;) {
      chunk ??= new Chunk(images, rows);
      from += chunk.take(images, labels, from);
      if (chunk.count < rows) continue;
      yield chunk.block();
      chunk = undefined;
    }
  if (chunk !== undefined) yield chunk.block();
}

class Chunk {
  readonly #rows: number;
  readonly #size: Pick<Images, 'height' | 'width'>;
  readonly #data: Uint8Array;
  readonly #labels: Int32Array;
  readonly #hashes: string[] = [];

  constructor({ height, width }: Images, rows: number) {
    this.#rows = rows;
    this.#size = { height, width };
    this.#data = new Uint8Array(rows * imageBytes(this.#size));
    this.#labels = new Int32Array(rows);
  }

  get count(): number {
    return this.#hashes.length;
  }

  /** @returns how many images were taken */
  take(images: Images, labels: Int32Array, from: number): number {
    const size = imageBytes(this.#size);
    const at = this.count;
    const end = Math.min(images.count, from + this.#rows - at);
    this.#data.set(images.data.subarray(from * size, end * size), at * size);
    this.#labels.set(labels.subarray(from, end), at);
    this.#hashes.push(...images.hashes.slice(from, end));
    return end - from;
  }

  block(): LabelledBlock {
    const count = this.count;
    return {
      images: {
        ...this.#size,
        data: this.#data.subarray(0, count * imageBytes(this.#size)),
        count,
        hashes: this.#hashes,
      },
      labels: this.#labels.subarray(0, count),
    };
  }
}
