import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Images, type Matrix, matrix } from './contract/data.ts';
import { calibrateChain, openChainSession, parseChain } from './defenses/chain.ts';
import { createOracle, type MeteredOracle } from './oracle.ts';
import { createRng } from './rng.ts';

const imageBytes = 2 * 2 * 3;

/** Images whose identity is the number they are drawn from. */
function imagesOf(ids: readonly number[]): Images {
  const data = new Uint8Array(ids.length * imageBytes);
  ids.forEach((id, i) => data.fill(id, i * imageBytes, (i + 1) * imageBytes));
  return { data, count: ids.length, height: 2, width: 2, hashes: ids.map((id) => `image-${id}`) };
}

/** A victim of 3 dimensions that answers with the image's own value. */
async function answer(images: Images): Promise<Matrix> {
  const values = Float32Array.from({ length: images.count * 3 }, (_, i) => {
    const image = Math.floor(i / 3);
    return (images.data[image * imageBytes] ?? 0) / 10 + (i % 3);
  });
  return matrix(values, images.count, 3);
}

function oracleWith(
  options: { readonly budget: number; readonly accounts?: number },
  defense = 'none',
  answering = answer,
): MeteredOracle {
  const chain = parseChain(defense);
  const rng = createRng(1);
  const sample = matrix(
    Float32Array.from({ length: 60 }, () => rng.normal()),
    20,
    3,
  );
  const calibration = calibrateChain(chain, sample, rng);
  return createOracle({
    answer: answering,
    openSession: (account) => openChainSession(chain, calibration, account, rng),
    dimension: 3,
    budget: options.budget,
    accounts: options.accounts ?? 1,
    imageBytes,
  });
}

describe('the oracle', () => {
  test('counts rows, repeats, bytes out and bytes back per account', async () => {
    const oracle = oracleWith({ budget: 10, accounts: 3 });
    await oracle.query(imagesOf([1, 2, 2]), 2);
    await oracle.query(imagesOf([2]), 0);
    await oracle.query(imagesOf([1]), 2);
    expect(oracle.remaining()).toBe(5);
    expect(oracle.ledger()).toEqual([
      { account: 0, rows: 1, uniqueInputs: 1, bytesSent: imageBytes, bytesReceived: 12 },
      { account: 2, rows: 4, uniqueInputs: 2, bytesSent: 4 * imageBytes, bytesReceived: 48 },
    ]);
  });

  test('refuses a call beyond the budget before the victim sees any of it', async () => {
    let shown = 0;
    const oracle = oracleWith({ budget: 5, accounts: 2 }, 'none', async (images) => {
      shown += images.count;
      return answer(images);
    });
    await oracle.query(imagesOf([1, 2, 3]), 0);
    await expect(oracle.query(imagesOf([4, 5, 6]), 1)).rejects.toMatchObject({ code: 'budget-exhausted' });
    expect(shown).toBe(3);
    expect(oracle.remaining()).toBe(2);
    await oracle.query(imagesOf([4, 5]), 1);
    expect(oracle.remaining()).toBe(0);
  });

  test('what a refused account was not answered costs nothing, and later calls on it get nothing', async () => {
    const oracle = createOracle({
      answer,
      openSession: () => {
        let left = 3;
        return {
          reply: ({ data, rows, columns }) => {
            const answered = Math.min(rows, left);
            left -= answered;
            return matrix(data.slice(0, answered * columns), answered, columns);
          },
        };
      },
      dimension: 3,
      budget: 10,
      accounts: 2,
      imageBytes,
    });
    expect((await oracle.query(imagesOf([1, 2]))).rows).toBe(2);
    expect(oracle.isOpen(0)).toBe(true);
    // Two calls at once: the second was sent before anybody knew that the account is closed.
    const both = await Promise.all([oracle.query(imagesOf([3, 4])), oracle.query(imagesOf([5]))]);
    expect(both.map(({ rows }) => rows)).toEqual([1, 0]);
    expect([oracle.isOpen(0), oracle.isOpen(1)]).toEqual([false, true]);
    expect(oracle.remaining()).toBe(7);
    expect(oracle.ledger().map(({ rows, uniqueInputs }) => [rows, uniqueInputs])).toEqual([[3, 3]]);
    expect(oracle.watched()).toEqual([
      { account: 0, detection: undefined, charges: undefined, isOpen: false },
    ]);
  });

  test('two calls at once cannot overdraw together', async () => {
    const oracle = oracleWith({ budget: 5 });
    const calls = await Promise.allSettled([
      oracle.query(imagesOf([1, 2, 3])),
      oracle.query(imagesOf([4, 5, 6])),
    ]);
    expect(calls.map(({ status }) => status)).toEqual(['fulfilled', 'rejected']);
    expect(oracle.ledger()[0]?.rows).toBe(3);
  });

  test.each([-1, 2, 0.5])('refuses account %s of two', async (account) => {
    const oracle = oracleWith({ budget: 5, accounts: 2 });
    await expect(oracle.query(imagesOf([1]), account)).rejects.toMatchObject({
      code: 'configuration-invalid',
    });
    expect(oracle.remaining()).toBe(5);
  });

  test('concurrent calls meet a stateful defense in the order in which they were made', async () => {
    const oneByOne = oracleWith({ budget: 6 }, 'gaussian-noise');
    const first = await oneByOne.query(imagesOf([1, 2, 3]));
    const second = await oneByOne.query(imagesOf([4, 5, 6]));
    // The first call is answered last by a victim that dawdles over it.
    const slowFirst = oracleWith({ budget: 6 }, 'gaussian-noise', async (images) => {
      if (images.hashes[0] === 'image-1') await new Promise((resolve) => setTimeout(resolve, 20));
      return answer(images);
    });
    const together = await Promise.all([
      slowFirst.query(imagesOf([1, 2, 3])),
      slowFirst.query(imagesOf([4, 5, 6])),
    ]);
    expect(together.map(({ data }) => data)).toEqual([first.data, second.data]);
  });

  test('a victim that fails fails its own call only, and the rows sent stay charged', async () => {
    const oracle = oracleWith({ budget: 3 }, 'none', async (images) => {
      if (images.hashes[0] === 'image-13') throw new Error('broken');
      return answer(images);
    });
    const [broken, sound] = await Promise.allSettled([
      oracle.query(imagesOf([13])),
      oracle.query(imagesOf([1])),
    ]);
    expect(broken.status).toBe('rejected');
    expect(sound.status).toBe('fulfilled');
    expect(oracle.remaining()).toBe(1);
  });

  test('the clean embeddings behind it are not handed out', async () => {
    const clean = await answer(imagesOf([7]));
    const oracle = oracleWith({ budget: 1 }, 'none', async () => clean);
    const reply = await oracle.query(imagesOf([7]));
    reply.data.fill(0);
    expect(clean.data[2]).toBeCloseTo(2.7, 6);
  });

  test('whatever is asked, in whatever order: totals add up and the budget holds', async () => {
    const call = fc.record({
      account: fc.integer({ min: -1, max: 3 }),
      ids: fc.array(fc.integer({ min: 0, max: 9 }), { maxLength: 12 }),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(call, { maxLength: 12 }), fc.nat(40), async (calls, budget) => {
        const oracle = oracleWith({ budget, accounts: 3 }, 'gaussian-noise:mode=keyed');
        const expected = new Map<number, number[]>();
        const settled = await Promise.allSettled(
          calls.map(async ({ account, ids }) => oracle.query(imagesOf(ids), account)),
        );
        settled.forEach((result, i) => {
          const asked = calls[i];
          if (result.status !== 'fulfilled' || asked === undefined || asked.ids.length === 0) return;
          expect(result.value.rows).toBe(asked.ids.length);
          expected.set(asked.account, [...(expected.get(asked.account) ?? []), ...asked.ids]);
        });
        const ledger = oracle.ledger();
        const spent = ledger.reduce((total, { rows }) => total + rows, 0);
        expect(spent).toBeLessThanOrEqual(budget);
        expect(oracle.remaining()).toBe(budget - spent);
        expect(ledger.map(({ account }) => account)).toEqual([...expected.keys()].sort((a, b) => a - b));
        for (const entry of ledger) {
          const ids = expected.get(entry.account) ?? [];
          expect(entry).toMatchObject({
            rows: ids.length,
            uniqueInputs: new Set(ids).size,
            bytesSent: ids.length * imageBytes,
            bytesReceived: ids.length * 12,
          });
        }
      }),
      { numRuns: 60 },
    );
  });

  test('whatever is refused or fails, in turn or at once: what is left is the budget less the ledger', async () => {
    const call = fc.record({
      account: fc.integer({ min: -1, max: 3 }),
      // The victim fails on image 9.
      ids: fc.array(fc.integer({ min: 0, max: 9 }), { maxLength: 8 }),
      waits: fc.boolean(),
    });
    const quotas = fc.array(fc.nat(12), { minLength: 3, maxLength: 3 });
    await fc.assert(
      fc.asyncProperty(
        fc.array(call, { maxLength: 16 }),
        fc.nat(50),
        quotas,
        async (calls, budget, rowsOf) => {
          let shown = 0;
          const oracle = createOracle({
            answer: async (images) => {
              shown += images.count;
              if (images.hashes.includes('image-9')) throw new Error('the victim is gone');
              return answer(images);
            },
            openSession: (account) => {
              let left = rowsOf[account] ?? 0;
              return {
                reply({ data, rows, columns }) {
                  const answered = Math.min(rows, left);
                  left -= answered;
                  return matrix(data.slice(0, answered * columns), answered, columns);
                },
              };
            },
            dimension: 3,
            budget,
            accounts: 3,
            imageBytes,
          });
          const answered = [0, 0, 0];
          const failed = [0, 0, 0];
          const running: Promise<void>[] = [];
          for (const { account, ids, waits } of calls) {
            const before = oracle.remaining();
            const asked = async (): Promise<void> => {
              try {
                const { rows } = await oracle.query(imagesOf(ids), account);
                if (ids.length > 0) answered[account] = (answered[account] ?? 0) + rows;
              } catch (thrown) {
                // Whoever may not ask, or cannot pay, is charged nothing.
                if (thrown instanceof Error && thrown.message === 'the victim is gone')
                  failed[account] = (failed[account] ?? 0) + ids.length;
                else expect(account < 0 || account > 2 || ids.length > before).toBe(true);
              }
            };
            running.push(asked());
            if (waits) await Promise.all(running);
            expect(oracle.remaining()).toBeGreaterThanOrEqual(0);
          }
          await Promise.all(running);
          const ledger = oracle.ledger();
          const spent = ledger.reduce((total, { rows }) => total + rows, 0);
          expect(oracle.remaining()).toBe(budget - spent);
          expect(spent).toBeLessThanOrEqual(budget);
          expect(shown).toBeGreaterThanOrEqual(spent);
          for (const { account, rows, uniqueInputs, bytesSent, bytesReceived } of ledger) {
            expect(rows).toBe((answered[account] ?? 0) + (failed[account] ?? 0));
            expect(uniqueInputs).toBeLessThanOrEqual(rows);
            expect(bytesSent).toBe(rows * imageBytes);
            expect(bytesReceived).toBe((answered[account] ?? 0) * 12);
            expect(answered[account]).toBeLessThanOrEqual(rowsOf[account] ?? 0);
          }
        },
      ),
      { numRuns: 200 },
    );
  });
});
