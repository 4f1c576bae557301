import type { ImageGeometry } from '../contract/encoder.ts';
import type { Dataset, SplitName } from '../datasets/dataset.ts';
import { readBlocks, type ImagePlace } from '../datasets/read-blocks.ts';
import { writeFileAtomic } from './files.ts';

/**
 * Writes for every image of a data set the identity that it has in audits of an encoder with this input: CSV with the columns
 * `input` (SHA-256 in hex), `split` and `file`. A recorded table of replies names images by it, and it cannot be computed
 * elsewhere: it is over the pixels after decoding and resizing.
 * @returns how many identities were written; images that could not be read have none
 */
export async function writeImageHashes(
  dataset: Dataset,
  geometry: ImageGeometry,
  file: string,
): Promise<number> {
  const places = (Object.keys(dataset.splits) as SplitName[]).flatMap((split) =>
    Array.from({ length: dataset.splits[split]?.items.length ?? 0 }, (_, index): ImagePlace => {
      return { dataset, split, index };
    }),
  );
  const lines = ['input,split,file'];
  for await (const { images, kept } of readBlocks(places, geometry))
    images.hashes.forEach((hash, row) => {
      const { split, index } = places[kept[row] ?? -1] ?? { split: 'all', index: -1 };
      lines.push([hash, split, quoted(dataset.splits[split]?.items[index]?.id ?? '')].join(','));
    });
  writeFileAtomic(file, [`${lines.join('\n')}\n`]);
  return lines.length - 1;
}

/** RFC 4180: quotes where the text has a comma, a quote or the end of a line. */
function quoted(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
