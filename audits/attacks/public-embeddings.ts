import { type Images, type Matrix, matrix, sliceImages } from '../contract/data.ts';
import type { AttackContext } from '../contract/method.ts';
import { throwIfCancelled } from './define-attack.ts';

/** Images per call: short enough that a cancelled audit stops soon. */
const IMAGES_PER_CALL = 512;

/**
 * What a public encoder answers to images, `[images.count, its dimension]`.
 * @throws MoatError `cancelled`
 */
export async function embedPublicly(
  { publicEncoder, signal }: Pick<AttackContext, 'publicEncoder' | 'signal'>,
  images: Images,
): Promise<Matrix> {
  const data = new Float32Array(images.count * publicEncoder.dimension);
  for (let start = 0; start < images.count; start += IMAGES_PER_CALL) {
    throwIfCancelled(signal);
    const part = sliceImages(images, start, Math.min(images.count, start + IMAGES_PER_CALL));
    data.set((await publicEncoder.embed(part)).data, start * publicEncoder.dimension);
  }
  return matrix(data, images.count, publicEncoder.dimension);
}
