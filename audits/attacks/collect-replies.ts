import { type Images, type Matrix, matrix, selectImages, selectRows, sliceImages } from '../contract/data.ts';
import { MoatError } from '../contract/errors.ts';
import type { AttackContext } from '../contract/method.ts';

/** Images per call: short enough that a cancelled audit stops soon, long enough that a victim runs full batches. */
const ROWS_PER_CALL = 512;

/** What came back for a set of images. */
export interface Answered {
  /** Indices of the images that were answered, ascending: all of them unless the service refused accounts. */
  readonly indices: readonly number[];
  /** Their replies `[indices.length, dimension]`. */
  readonly replies: Matrix;
}

/**
 * Sends every image once and stacks the replies in order. Several accounts get equal contiguous shares; what a refused
 * account leaves unanswered is sent on those that are still open.
 * @param report told the share of images answered
 * @throws MoatError `budget-exhausted`, `cancelled`; `not-applicable` when fewer than two images were answered
 */
export async function collectReplies(
  { oracle }: Pick<AttackContext, 'oracle'>,
  images: Images,
  report: (fraction: number) => void,
): Promise<Answered> {
  const { accounts, dimension } = oracle;
  const replies = new Float32Array(images.count * dimension);
  const isAnswered = new Uint8Array(images.count);
  let done = 0;
  /** Sends `start` to `end` on one account. @returns the first index it was refused at, or `end` */
  const send = async (account: number, start: number, end: number): Promise<number> => {
    while (start < end && oracle.isOpen(account)) {
      const next = Math.min(start + ROWS_PER_CALL, end);
      const { data, rows } = await oracle.query(sliceImages(images, start, next), account);
      replies.set(data, start * dimension);
      isAnswered.fill(1, start, start + rows);
      start += rows;
      done += rows;
      report(done / images.count);
    }
    return start;
  };
  const unanswered: (readonly [number, number])[] = [];
  for (let account = 0; account < accounts; account++) {
    const end = Math.floor(((account + 1) * images.count) / accounts);
    const reached = await send(account, Math.floor((account * images.count) / accounts), end);
    if (reached < end) unanswered.push([reached, end]);
  }
  for (const [start, end] of unanswered) {
    let reached = start;
    for (let account = 0; account < accounts && reached < end; account++)
      reached = await send(account, reached, end);
  }
  const indices = [...isAnswered.keys()].filter((index) => isAnswered[index] === 1);
  if (indices.length < 2)
    throw new MoatError(
      'not-applicable',
      `The service answered ${indices.length} of ${images.count} queries before it refused every account; two are needed.`,
    );
  const all = matrix(replies, images.count, dimension);
  return { indices, replies: indices.length === images.count ? all : selectRows(all, indices) };
}

/**
 * Sends several sets of images that belong together row by row (views of the same images, say) and keeps the rows which
 * every one of them got an answer for.
 * @param sets equally many images each
 */
export async function collectPaired(
  context: Pick<AttackContext, 'oracle'>,
  sets: readonly Images[],
  report: (fraction: number) => void,
): Promise<{
  readonly inputs: readonly Images[];
  readonly targets: readonly Matrix[];
  /** Of the images that are left, ascending. */
  readonly indices: readonly number[];
}> {
  const answers: Answered[] = [];
  for (const [at, images] of sets.entries())
    answers.push(await collectReplies(context, images, (fraction) => report((at + fraction) / sets.length)));
  const places = answers.map(({ indices }) => new Map(indices.map((index, row) => [index, row])));
  const everywhere = (answers[0]?.indices ?? []).filter((index) => places.every((rows) => rows.has(index)));
  if (everywhere.length < 2)
    throw new MoatError('not-applicable', 'No two images were answered in every view.');
  if (everywhere.length === sets[0]?.count)
    return { inputs: sets, targets: answers.map(({ replies }) => replies), indices: everywhere };
  return {
    inputs: sets.map((images) => selectImages(images, everywhere)),
    indices: everywhere,
    targets: answers.map(({ replies }, at) =>
      selectRows(
        replies,
        everywhere.map((index) => places[at]?.get(index) ?? 0),
      ),
    ),
  };
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
