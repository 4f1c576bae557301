import { type Images, type Matrix, matrix, matrixRows } from '../contract/data.ts';
import { MoatError } from '../contract/errors.ts';
import type { Oracle } from '../contract/method.ts';
import type { Shrinkage } from './reply-average.ts';

/**
 * An oracle whose every reply is the shrunken average of `copies` replies of the one behind it.
 * @param copyOf what is sent as the copy of this number (from 0) of a batch: same count, same size
 */
export function averagingOracle(
  oracle: Oracle,
  copies: number,
  shrinkage: Shrinkage,
  copyOf: (images: Images, copy: number) => Images,
): Oracle {
  return {
    dimension: oracle.dimension,
    accounts: oracle.accounts,
    remaining: () => Math.floor(oracle.remaining() / copies),
    // Account k's copies go to the accounts behind it, so all of them must still answer.
    isOpen: (account) =>
      Array.from({ length: Math.min(copies, oracle.accounts) }, (_, copy) => copy).every((copy) =>
        oracle.isOpen((account + copy) % oracle.accounts),
      ),
    async query(images, account = 0): Promise<Matrix> {
      if (images.count * copies > oracle.remaining())
        throw new MoatError(
          'budget-exhausted',
          `${images.count} images at ${copies} replies each exceed the ${oracle.remaining()} rows left.`,
        );
      const replies: Matrix[] = [];
      for (let copy = 0; copy < copies; copy++)
        replies.push(await oracle.query(copyOf(images, copy), (account + copy) % oracle.accounts));
      // Rows that some copy was refused for are worth less than their place in the average: they count as unanswered.
      const answered = Math.min(...replies.map(({ rows }) => rows));
      return answered === 0
        ? matrix(new Float32Array(0), 0, oracle.dimension)
        : shrinkage.average(replies.map((reply) => matrixRows(reply, 0, answered)));
    },
  };
}
