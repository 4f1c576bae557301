import type { EncoderOptions } from '../contract/encoder.ts';
import type { Engine } from '../contract/engine.ts';
import { MoatError } from '../contract/errors.ts';
import { openDataset } from '../datasets/dataset.ts';
import { poolOrder } from '../datasets/split.ts';
import { readItems } from '../datasets/read.ts';
import { openEncoder } from '../encoder/encoder.ts';
import { createRng } from '../rng.ts';

/** Enough for two digits. */
const IMAGES = 512;

/**
 * Mean squared distance between an encoder's embeddings of two different images of a data set: the scale on which
 * temperatures of unnormalised losses stand.
 * @throws MoatError `encoder-*`, `dataset-*`
 */
export async function embeddingSpread(
  engine: Engine,
  file: string,
  images: string,
  options: EncoderOptions = {},
): Promise<number> {
  const dataset = await openDataset(images);
  const encoder = await openEncoder(engine, file, options);
  try {
    const chosen = poolOrder(dataset, createRng('embedding spread')).slice(0, IMAGES);
    const read = await readItems(dataset, chosen, encoder.description.preprocessing);
    const { data, rows, columns } = await encoder.embed(read.images);
    if (rows < 2) throw new MoatError('dataset-too-small', `${dataset.name} has fewer than two images.`);
    let variance = 0;
    for (let column = 0; column < columns; column++) {
      let [sum, squares] = [0, 0];
      for (let row = 0; row < rows; row++) {
        const value = data[row * columns + column] ?? 0;
        sum += value;
        squares += value * value;
      }
      variance += (squares - (sum * sum) / rows) / (rows - 1);
    }
    return 2 * variance;
  } finally {
    await encoder.dispose();
  }
}
