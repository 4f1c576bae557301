import { expect, test } from 'vitest';
import type { ImageGeometry } from '../contract/encoder.ts';
import type { Dataset } from './dataset-parts.ts';
import { openDataset } from './dataset.ts';
import type { BlockDecoder } from './decode-block.ts';
import { readBlocks, type ImagePlace, type ReadBlock } from './read-blocks.ts';

const geometry: ImageGeometry = {
  height: 8,
  width: 8,
  resize: 'stretch',
  resizeTo: 8,
  interpolation: 'bilinear',
};

/** Plain 8 x 8 images whose every byte is their index; every `brokenEvery`-th cannot be opened. */
function plainDataset(
  name: string,
  count: number,
  brokenEvery?: number,
): { readonly dataset: Dataset; readonly isOpen: () => boolean } {
  let open = false;
  const dataset: Dataset = {
    path: name,
    name,
    format: 'npz',
    classes: [],
    notes: [],
    splits: {
      all: {
        items: Array.from({ length: count }, (_, i) => ({ id: `${name}#${i}`, label: null })),
        open: () => {
          open = true;
          return Promise.resolve({
            load: (index) => {
              if (brokenEvery !== undefined && index % brokenEvery === 0)
                throw new Error('Input Buffer is empty');
              return { kind: 'pixels', pixels: new Uint8Array(192).fill(index % 256), height: 8, width: 8 };
            },
            close: () => (open = false),
          });
        },
      },
    },
  };
  return { dataset, isOpen: () => open };
}
const placesOf = (dataset: Dataset, count: number): readonly ImagePlace[] =>
  Array.from({ length: count }, (_, index) => ({ dataset, split: 'all', index }));

async function all(blocks: AsyncIterable<ReadBlock>): Promise<readonly ReadBlock[]> {
  const read: ReadBlock[] = [];
  for await (const block of blocks) read.push(block);
  return read;
}

test('blocks are consecutive and name, among all images asked for, which came and which are broken', async () => {
  const { dataset, isOpen } = plainDataset('a', 600, 100);
  const blocks = await all(readBlocks(placesOf(dataset, 600), geometry));
  expect(blocks.map(({ done }) => done)).toEqual([256, 512, 600]);
  const broken = [0, 100, 200, 300, 400, 500];
  expect(blocks.flatMap((block) => block.broken)).toEqual(broken.map((at) => ({ at, reason: 'is empty' })));
  const kept = Array.from({ length: 600 }, (_, i) => i).filter((i) => !broken.includes(i));
  expect(blocks.flatMap((block) => block.kept)).toEqual(kept);
  for (const { images, kept: places } of blocks)
    expect(places.map((_, i) => images.data[i * 192])).toEqual(places.map((place) => place % 256));
  expect(isOpen()).toBe(false);
});

test('images of several data sets stay in the order asked for', async () => {
  const [a, b] = [plainDataset('a', 40).dataset, plainDataset('b', 40).dataset];
  const places = placesOf(a, 40).flatMap((place, i) => [place, { ...place, dataset: b, index: 39 - i }]);
  const [block] = await all(readBlocks(places, geometry));
  expect(Array.from({ length: 80 }, (_, i) => block?.images.data[i * 192])).toEqual(
    places.map(({ index }) => index),
  );
});

test('threads read what this thread reads', async () => {
  const demo = await openDataset('builtin:demo');
  const places = Array.from({ length: 520 }, (_, index): ImagePlace => ({
    dataset: demo,
    split: 'train',
    index,
  }));
  const threaded = await all(readBlocks(places, geometry));
  const here = await all(readBlocks(places.slice(0, 256), geometry));
  expect(threaded[0]).toEqual(here[0]);
});

test('who breaks off closes what was opened, and no further block is read', async () => {
  const { dataset, isOpen } = plainDataset('a', 5000);
  let decoded = 0;
  const decoder: BlockDecoder = {
    decode: (items) => {
      decoded += 1;
      return Promise.resolve({
        data: new Uint8Array(items.length * 192),
        hashes: items.map(() => ''),
        kept: items.map((_, i) => i),
        broken: [],
      });
    },
    close: () => Promise.resolve(),
  };
  for await (const block of readBlocks(placesOf(dataset, 5000), geometry, { decoder, blocksAhead: 2 })) {
    expect(isOpen()).toBe(true);
    if (block.done >= 512) break;
  }
  expect(isOpen()).toBe(false);
  expect(decoded).toBe(4);
});

test('a cancel is heard before the next block', async () => {
  const { dataset, isOpen } = plainDataset('a', 400);
  const controller = new AbortController();
  const seen: number[] = [];
  const reading = (async () => {
    for await (const { done } of readBlocks(placesOf(dataset, 400), geometry, {
      signal: controller.signal,
    })) {
      seen.push(done);
      controller.abort();
    }
  })();
  await expect(reading).rejects.toMatchObject({ code: 'cancelled' });
  expect(seen).toEqual([256]);
  expect(isOpen()).toBe(false);
});
