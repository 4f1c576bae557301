import type { Encoder } from '../contract/encoder.ts';
import type { EncoderObservations } from '../contract/ownership.ts';
import { readImages } from '../datasets/read.ts';
import type { Rng } from '../rng.ts';
import type { RotationKey } from '../watermarks/rotation-key.ts';
import { turnedImages } from '../watermarks/rotation-task.ts';
import { successRates } from '../watermarks/success-rates.ts';
import type { ImageSource } from './observe-encoder.ts';

/** As many accuracies as the paper's t-test has a side (paper-spec 4.1). */
const BATCHES = 30;
/** So a batch has 32 images, each turned into either class, and reading costs about as much as 2 000 plain images. */
const MOST_IMAGES = 32 * BATCHES;

/**
 * How often the victim's mark is read back from one encoder, per disjoint batch of the images on which encoders are compared,
 * turned. Each encoder sees them at its own size, at the same angles.
 * @param rng draws the angles
 * @returns why nothing could be read, for an encoder of another dimension than the key's
 * @throws MoatError `encoder-failed`, `dataset-*`, `cancelled`
 */
export async function readMark(
  encoder: Encoder,
  name: string,
  key: RotationKey,
  { dataset, split, indices }: ImageSource,
  { rng, signal }: { readonly rng: Rng; readonly signal: AbortSignal },
): Promise<Pick<EncoderObservations, 'markRates' | 'markGap'>> {
  if (encoder.dimension !== key.dimension)
    return {
      markGap: `${name} answers with ${encoder.dimension} dimensions and the key reads ${key.dimension}: not comparable.`,
    };
  const { preprocessing } = encoder.description;
  const { images } = await readImages(dataset, split, indices.slice(0, MOST_IMAGES), preprocessing, {
    signal,
  });
  return { markRates: successRates(key, await encoder.embed(turnedImages(images, rng)), BATCHES) };
}
