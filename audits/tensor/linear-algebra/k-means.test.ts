import { describe, expect, test } from 'vitest';
import { matrix, type Matrix } from '../../contract/data.ts';
import { createRng } from '../../rng.ts';
import { kMeans } from './k-means.ts';
import { plainMultiplier } from './plain-multiplier.sample.ts';
import { matrixBlocks } from './row-blocks.ts';

/** Five tight groups on a line, far from the origin. */
function groups(rows: number): Matrix {
  const rng = createRng('groups');
  const data = Float32Array.from(
    { length: rows * 2 },
    (_, at) => 1000 + 10 * (Math.floor(at / 2) % 5) + 0.1 * rng.normal(),
  );
  return matrix(data, rows, 2);
}

describe('k-means', () => {
  test('finds groups that are there, from any seed', async () => {
    for (const seed of [1, 2, 3]) {
      const found = await kMeans(plainMultiplier, groups(100), 5, createRng(seed));
      expect(found.converged).toBe(true);
      expect(new Set(found.assignments).size).toBe(5);
      found.assignments.forEach((cluster, row) => expect(cluster).toBe(found.assignments[row % 5]));
      expect(found.inertia).toBeLessThan(100 * 2 * 0.02);
    }
  });

  test('the same stream gives the same clusters, however the rows are cut', async () => {
    const rows = groups(40);
    const whole = await kMeans(plainMultiplier, rows, 7, createRng('same'));
    const cut = await kMeans(plainMultiplier, matrixBlocks(rows, 3), 7, createRng('same'));
    expect(cut.assignments).toEqual(whole.assignments);
    expect(cut.inertia).toBeCloseTo(whole.inertia, 6);
  });

  test('a centroid nobody is near is given the row farthest from its own', async () => {
    const rows = matrix(Float32Array.of(0, 1, 2, 30), 4, 1);
    const start = matrix(Float32Array.of(1, -900), 2, 1);
    const found = await kMeans(plainMultiplier, rows, 2, createRng(0), { start });
    expect([...found.assignments]).toEqual([0, 0, 0, 1]);
    expect([...found.centroids.data]).toEqual([1, 30]);
  });

  test('fewer distinct rows than clusters end finite', async () => {
    const rows = matrix(new Float32Array(12).fill(3), 6, 2);
    const found = await kMeans(plainMultiplier, rows, 4, createRng(5));
    expect(found.inertia).toBe(0);
    expect([...found.centroids.data].every((value) => value === 3)).toBe(true);
  });

  test('a row per cluster is the most there can be', async () => {
    await expect(kMeans(plainMultiplier, groups(3), 4, createRng(0))).rejects.toThrow('4 clusters of 3 rows');
    expect((await kMeans(plainMultiplier, groups(5), 5, createRng(0))).inertia).toBeLessThan(1e-3);
  });
});
