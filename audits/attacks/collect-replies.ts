import { type Images, type Matrix, matrix, sliceImages } from '../contract/data.ts';
import { MoatError } from '../contract/errors.ts';
import type { AttackContext } from '../contract/method.ts';

/** Images per call: short enough that a cancelled audit stops soon, long enough that a victim runs full batches. */
const ROWS_PER_CALL = 512;

/**
 * Sends every image once and stacks the replies `[images.count, dimension]` in order. Several accounts get equal
 * contiguous shares.
 * @param report told the share of images answered
 * @throws MoatError `budget-exhausted`, `cancelled`
 */
export async function collectReplies(
  { oracle }: Pick<AttackContext, 'oracle'>,
  images: Images,
  report: (fraction: number) => void,
): Promise<Matrix> {
  const { accounts, dimension } = oracle;
  const replies = new Float32Array(images.count * dimension);
  for (let account = 0; account < accounts; account++) {
    const end = Math.floor(((account + 1) * images.count) / accounts);
    let start = Math.floor((account * images.count) / accounts);
    while (start < end) {
      const next = Math.min(start + ROWS_PER_CALL, end);
      const { data } = await oracle.query(sliceImages(images, start, next), account);
      replies.set(data, start * dimension);
      start = next;
      report(next / images.count);
    }
  }
  return matrix(replies, images.count, dimension);
}

/**
 * The first images of the pool, as many as the oracle still answers: the pool's order is the seed's, and a larger
 * budget only adds to what a smaller one has seen.
 * @param rowsPerImage queries which each image will cost
 * @throws MoatError `not-applicable` when not even two images can be paid for: nothing can be learned from one.
 */
export function affordableImages(
  { oracle, pool }: Pick<AttackContext, 'oracle' | 'pool'>,
  rowsPerImage = 1,
): Images {
  const count = Math.min(pool.count, Math.floor(oracle.remaining() / rowsPerImage));
  if (count < 2)
    throw new MoatError(
      'not-applicable',
      `${oracle.remaining()} queries at ${rowsPerImage} per image leave ${count} images to learn from; two are needed.`,
    );
  return sliceImages(pool, 0, count);
}
