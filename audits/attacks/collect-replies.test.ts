import { expect, test } from 'vitest';
import { type Images, matrix } from '../contract/data.ts';
import type { Oracle } from '../contract/method.ts';
import { collectPaired, collectReplies } from './collect-replies.ts';

/** Images whose only pixel is their number. */
const imagesOf = (count: number): Images => ({
  data: Uint8Array.from({ length: count * 3 }, (_, i) => Math.floor(i / 3)),
  count,
  height: 1,
  width: 1,
  hashes: Array.from({ length: count }, (_, i) => String(i)),
});

/** A service that answers with the image's number and refuses account k after `limits[k]` rows. */
function serviceWith(limits: readonly number[]): Oracle {
  const left = [...limits];
  const open = limits.map(() => true);
  return {
    dimension: 1,
    accounts: limits.length,
    remaining: () => 1000,
    isOpen: (account) => open[account] ?? false,
    query: async (images, account = 0) => {
      const answered = Math.min(images.count, left[account] ?? 0);
      left[account] = (left[account] ?? 0) - answered;
      if (answered < images.count) open[account] = false;
      return matrix(
        Float32Array.from({ length: answered }, (_, i) => images.data[i * 3] ?? 0),
        answered,
        1,
      );
    },
  };
}

const ignore = (): void => undefined;

test('what a refused account leaves is sent on those still open, and every reply stays with its image', async () => {
  const { indices, replies } = await collectReplies({ oracle: serviceWith([2, 100]) }, imagesOf(10), ignore);
  expect(indices).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  expect([...replies.data]).toEqual(indices);
});

test('with every account refused, the answered images alone come back', async () => {
  const { indices, replies } = await collectReplies({ oracle: serviceWith([2, 3]) }, imagesOf(10), ignore);
  expect(indices).toEqual([0, 1, 5, 6, 7]);
  expect([...replies.data]).toEqual(indices);
  await expect(collectReplies({ oracle: serviceWith([1]) }, imagesOf(10), ignore)).rejects.toMatchObject({
    code: 'not-applicable',
  });
});

test('views are kept where every one of them was answered', async () => {
  const { inputs, targets } = await collectPaired(
    { oracle: serviceWith([14]) },
    [imagesOf(10), imagesOf(10)],
    ignore,
  );
  expect(inputs.map(({ count }) => count)).toEqual([4, 4]);
  expect(targets.map(({ data }) => [...data])).toEqual([
    [0, 1, 2, 3],
    [0, 1, 2, 3],
  ]);
});
