import { imageBytes, type Images } from '../contract/data.ts';
import { interleave } from '../datasets/shares.ts';
import type { LabelledBlock } from './read-data.ts';

/** Images handed on at a time. */
const BLOCK_IMAGES = 256;

/**
 * Takes images from several sources in turn, so that every prefix has the shares. Ends at the first place whose source has
 * no more images: what came until then is mixed as asked. Memory: a block of each source.
 * @param shares positive, sum 1, one per source
 * @param count places at most
 */
export async function* mixBlocks(
  sources: readonly AsyncIterable<LabelledBlock>[],
  shares: readonly number[],
  count: number,
): AsyncGenerator<LabelledBlock> {
  const queues = sources.map((source) => new ImageQueue(source));
  let taken: Taken[] = [];
  try {
    for (const source of interleave(shares, count)) {
      const next = await queues[source]?.take();
      if (next === undefined) break;
      taken.push(next);
      if (taken.length < BLOCK_IMAGES) continue;
      yield joined(taken);
      taken = [];
    }
    if (taken.length > 0) yield joined(taken);
  } finally {
    for (const queue of queues) await queue.close();
  }
}

interface Taken {
  readonly block: LabelledBlock;
  readonly at: number;
}

class ImageQueue {
  readonly #blocks: AsyncIterator<LabelledBlock>;
  #block: LabelledBlock | undefined;
  #at = 0;

  constructor(source: AsyncIterable<LabelledBlock>) {
    this.#blocks = source[Symbol.asyncIterator]();
  }

  async take(): Promise<Taken | undefined> {
    while (this.#block === undefined || this.#at >= this.#block.images.count) {
      const next = await this.#blocks.next();
      if (next.done === true) return undefined;
      this.#block = next.value;
      this.#at = 0;
    }
    return { block: this.#block, at: this.#at++ };
  }

  async close(): Promise<void> {
    await this.#blocks.return?.();
  }
}

function joined(taken: readonly Taken[]): LabelledBlock {
  const [first] = taken;
  const { height, width }: Pick<Images, 'height' | 'width'> = first?.block.images ?? { height: 0, width: 0 };
  const size = imageBytes({ height, width });
  const data = new Uint8Array(taken.length * size);
  const hashes = taken.map(({ block: { images }, at }, place) => {
    data.set(images.data.subarray(at * size, (at + 1) * size), place * size);
    return images.hashes[at] ?? '';
  });
  return {
    images: { data, count: taken.length, height, width, hashes },
    labels: Int32Array.from(taken, ({ block, at }) => block.labels[at] ?? -1),
  };
}
