import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { matrix, matrixRow } from '../../contract/data.ts';
import { topKCosine } from './cosine-neighbors.ts';
import { plainMultiplier } from './plain-multiplier.sample.ts';

const rows = (...values: number[][]) =>
  matrix(Float32Array.from(values.flat()), values.length, values[0]?.length ?? 0);

describe('nearest neighbors by cosine', () => {
  test('most similar first, whatever the lengths of the vectors', async () => {
    const gallery = rows([0, 5], [100, 1], [-1, 0], [1, 1]);
    const found = await topKCosine(plainMultiplier, rows([2, 0]), gallery, 3);
    expect([...found.indices]).toEqual([1, 3, 0]);
    expect(found.similarities[1]).toBeCloseTo(Math.SQRT1_2, 6);
  });

  test('a row is not its own neighbor when the gallery is the query set', async () => {
    const points = rows([1, 0], [1, 0.1], [0, 1]);
    const found = await topKCosine(plainMultiplier, points, points, 5, { excludeSelf: true });
    expect(found.k).toBe(2);
    expect([...found.indices]).toEqual([1, 2, 0, 2, 1, 0]);
  });

  test('ties go to the lower row and zero vectors are similar to nothing', async () => {
    const found = await topKCosine(plainMultiplier, rows([1, 0]), rows([0, 0], [3, 0], [1, 0]), 3);
    expect([...found.indices]).toEqual([1, 2, 0]);
    expect([...found.similarities]).toEqual([1, 1, 0]);
  });

  test('equals sorting all cosines', async () => {
    const vector = fc.array(fc.integer({ min: -5, max: 5 }), { minLength: 3, maxLength: 3 });
    await fc.assert(
      fc.asyncProperty(
        fc.array(vector, { minLength: 1, maxLength: 20 }),
        vector,
        fc.integer({ min: 1, max: 25 }),
        async (gallery, query, k) => {
          const matrixOf = rows(...gallery);
          const found = await topKCosine(plainMultiplier, rows(query), matrixOf, k);
          const all = await topKCosine(plainMultiplier, rows(query), matrixOf, gallery.length);
          expect([...found.indices]).toEqual([...all.indices].slice(0, k));
          const cosine = (a: ArrayLike<number>, b: ArrayLike<number>): number => {
            let dot = 0;
            for (let i = 0; i < 3; i++) dot += (a[i] ?? 0) * (b[i] ?? 0);
            const lengths = Math.hypot(...Array.from(a)) * Math.hypot(...Array.from(b));
            return lengths > 0 ? dot / lengths : 0;
          };
          const exact = gallery.map((row) => cosine(row, query)).toSorted((a, b) => b - a);
          all.indices.forEach((index, rank) =>
            expect(cosine(matrixRow(matrixOf, index), query)).toBeCloseTo(exact[rank] ?? 0, 5),
          );
        },
      ),
      { numRuns: 60 },
    );
  });
});
