import { type Images, type Matrix, matrix, selectImages, selectRows } from '../contract/data.ts';
import { MoatError } from '../contract/errors.ts';
import type { AttackContext } from '../contract/method.ts';
import { affordableImages, collectReplies } from './collect-replies.ts';

/** The part of a context that a base attack is given in place of the service's. */
export type RecordedContext = Pick<AttackContext, 'oracle' | 'pool' | 'poolLabels'>;

export interface Record {
  readonly images: Images;
  /** `[images.count, dimension]` */
  readonly replies: Matrix;
  readonly labels: Int32Array;
}

/** Spends what the oracle still grants on the pool's first images, before a base attack starts. */
export async function recordReplies(
  context: Pick<AttackContext, 'oracle' | 'pool' | 'poolLabels'>,
  report: (fraction: number) => void,
): Promise<Record> {
  const sent = affordableImages(context);
  const { indices, replies } = await collectReplies(context, sent, report);
  return {
    images: selectImages(sent, indices),
    replies,
    labels: Int32Array.from(indices, (index) => context.poolLabels[index] ?? -1),
  };
}

/**
 * What a base attack sees of a record: one account that answers each recorded image once.
 * The oracle throws MoatError `not-applicable` for an image that was not recorded, `budget-exhausted` after the last row.
 */
export function replay({ images, replies, labels }: Record, asker: string): RecordedContext {
  // Equal images have a reply each (fresh noise): handed out in order.
  const rows = new Map<string, number[]>();
  images.hashes.forEach((hash, row) => rows.set(hash, [...(rows.get(hash) ?? []), row]));
  let left = images.count;
  const take = (hash: string): number => {
    const row = rows.get(hash)?.shift();
    if (row === undefined)
      throw new MoatError(
        'not-applicable',
        `${asker} hands on replies to the pool's own images, each once, and its base asked for others.`,
      );
    return row;
  };
  return {
    pool: images,
    poolLabels: labels,
    oracle: {
      dimension: replies.columns,
      accounts: 1,
      remaining: () => left,
      isOpen: () => true,
      async query(asked) {
        if (asked.count > left)
          throw new MoatError('budget-exhausted', `${asked.count} rows were asked for with ${left} left.`);
        if (asked.count === 0) return matrix(new Float32Array(0), 0, replies.columns);
        const chosen = asked.hashes.map(take);
        left -= chosen.length;
        return selectRows(replies, chosen);
      },
    },
  };
}
