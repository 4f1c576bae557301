import { sliceImages, type Images, type Matrix } from '../contract/data.ts';
import type { Engine } from '../contract/engine.ts';
import type { Rng } from '../rng.ts';
import { openSurrogate } from '../surrogates/open.ts';
import { calibrateStatistics, randomNetwork } from '../surrogates/random-network.ts';

/** The smallest architecture: what it knows before training is the zero of the mutual-information score. */
const ARCHITECTURE = 'small-cnn';
/** Images that settle its running statistics. */
export const CALIBRATION_IMAGES = 512;

/**
 * Embeddings of images by a network that never saw one, as wide as the victim's.
 * @param pool images that settle its batch norm, at least two
 * @returns per set of images `[images, dimension]`
 */
export async function embedUntrained(
  { engine, rng, pool }: { readonly engine: Engine; readonly rng: Rng; readonly pool: Images },
  { dimension, inputSize }: { readonly dimension: number; readonly inputSize: number },
  sets: readonly Images[],
): Promise<readonly Matrix[]> {
  const drawn = randomNetwork(ARCHITECTURE, rng, dimension, inputSize);
  const sample = sliceImages(pool, 0, Math.min(pool.count, CALIBRATION_IMAGES));
  const network = await openSurrogate(engine, await calibrateStatistics(engine, drawn, sample));
  try {
    const embedded: Matrix[] = [];
    for (const images of sets) embedded.push(await network.embed(images));
    return embedded;
  } finally {
    await network.dispose();
  }
}
