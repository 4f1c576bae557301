import { basename } from 'node:path';
import type { DataSheet } from '../contract/bridge.ts';
import { imageBytes } from '../contract/data.ts';
import type { ImageGeometry } from '../contract/encoder.ts';
import { DEMO_PATH, openDataset, type Dataset, type SplitName } from '../datasets/dataset.ts';
import { pictureUrl } from '../datasets/picture.ts';
import { readBlocks } from '../datasets/read-blocks.ts';

/** Entries of a folder that a first look takes in: an audit reads them all, a window that waits for a million does not. */
export const MOST_LISTED = 200_000;
const THUMBNAILS = 24;
const THUMBNAIL: ImageGeometry = {
  height: 64,
  width: 64,
  resize: 'crop',
  resizeTo: 64,
  interpolation: 'bilinear',
};
const CLASSES_NAMED = 100;
const BROKEN_NAMED = 3;

/**
 * What a folder or file of images holds, with pictures of some, evenly over all of them.
 * @throws MoatError `path-missing`, `dataset-*`
 */
export async function dataSheet(path: string, mostListed = MOST_LISTED): Promise<DataSheet> {
  const dataset = await openDataset(path, undefined, mostListed);
  const isCut = dataset.isCut === true;
  const { thumbnails, notes } = await drawThumbnails(dataset);
  const names = (['train', 'test', 'all'] as const).filter((name) => dataset.splits[name] !== undefined);
  return {
    path,
    name: path === DEMO_PATH ? 'demo' : basename(path),
    kind: dataset.format,
    splits: names.map((name) => ({
      name,
      images: dataset.splits[name]?.items.length ?? 0,
      classes: classesOf(dataset, name).slice(0, CLASSES_NAMED),
    })),
    classCount: dataset.classes.length,
    isCut,
    thumbnails,
    notes: [
      ...(isCut
        ? [
            `Only the first ${mostListed.toLocaleString('en')} files were looked at; an audit reads all of them.`,
          ]
        : []),
      ...dataset.notes,
      ...notes,
    ],
  };
}

/** Classes that have images in this part. */
function classesOf(dataset: Dataset, split: SplitName): readonly string[] {
  const present = new Set(dataset.splits[split]?.items.map(({ label }) => label));
  return dataset.classes.filter((_, label) => present.has(label));
}

async function drawThumbnails(dataset: Dataset): Promise<Pick<DataSheet, 'thumbnails' | 'notes'>> {
  const split = (['train', 'all', 'test'] as const).find((name) => dataset.splits[name] !== undefined);
  const items = split === undefined ? [] : (dataset.splits[split]?.items ?? []);
  const wanted = Math.min(THUMBNAILS, items.length);
  const places = Array.from({ length: wanted }, (_, i) => ({
    dataset,
    split: split ?? 'all',
    index: Math.floor((i * items.length) / wanted),
  }));
  const thumbnails: string[] = [];
  const broken: string[] = [];
  for await (const block of readBlocks(places, THUMBNAIL)) {
    const size = imageBytes(block.images);
    for (let image = 0; image < block.images.count; image++)
      thumbnails.push(
        await pictureUrl(block.images.data.subarray(image * size, (image + 1) * size), block.images, 64),
      );
    for (const { at, reason } of block.broken)
      broken.push(`${items[places[at]?.index ?? -1]?.id ?? ''} ${reason}`);
  }
  return { thumbnails, notes: broken.length === 0 ? [] : [brokenNote(broken, wanted)] };
}

function brokenNote(broken: readonly string[], looked: number): string {
  const more = broken.length - BROKEN_NAMED;
  const named = broken.slice(0, BROKEN_NAMED).join('; ');
  return `${broken.length} of the ${looked} images looked at cannot be read: ${named}${more > 0 ? `; and ${more} more` : ''}.`;
}
