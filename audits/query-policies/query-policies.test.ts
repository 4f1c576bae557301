import { readdirSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { matrix, selectRows, type Matrix } from '../contract/data.ts';
import { createRng } from '../rng.ts';
import { SEARCHED_IMAGES } from './greedy-order.ts';
import type { QueryPolicyContext } from './query-policy.ts';
import { defaultQueryPolicy, findQueryPolicy, queryPolicies, versionQueryPolicy } from './registry.ts';

/** Two clusters of ten points on a line, at 0 and at 100, and one point alone at 1000. */
const line = matrix(
  Float32Array.from([...Array.from({ length: 20 }, (_, i) => (i % 10) + (i < 10 ? 0 : 100)), 1000]),
  21,
  1,
);

/** Points in the unit square. */
function square(count: number): Matrix {
  const rng = createRng('square');
  return matrix(
    Float32Array.from({ length: 2 * count }, () => rng.uniform()),
    count,
    2,
  );
}

function context(points: Matrix, change: Partial<QueryPolicyContext> = {}): QueryPolicyContext {
  return {
    count: points.rows,
    wanted: points.rows,
    rng: createRng('order'),
    features: (indices) => Promise.resolve(selectRows(points, indices)),
    signal: new AbortController().signal,
    progress: () => undefined,
    ...change,
  };
}

const sorted = (order: Uint32Array): readonly number[] => [...order].toSorted((a, b) => a - b);
const at = (order: Uint32Array, from: number, to: number): readonly number[] =>
  [...order.subarray(from, to)].map((index) => line.data[index] ?? Number.NaN);

describe.each(queryPolicies)('$meta.id', (policy) => {
  test('is one file of its name', () => {
    expect(readdirSync(import.meta.dirname)).toContain(`${policy.meta.id}.ts`);
    expect(findQueryPolicy(policy.meta.id)).toBe(policy);
  });

  test('orders every image once, the same way each time and another way for another seed', async () => {
    const points = square(60);
    const order = await policy.order(context(points));
    expect(sorted(order)).toEqual(Array.from({ length: 60 }, (_, i) => i));
    expect(await policy.order(context(points))).toEqual(order);
    expect(await policy.order(context(points, { rng: createRng('other') }))).not.toEqual(order);
  });

  test('a larger budget extends what a smaller one sends', async () => {
    const points = square(80);
    const whole = await policy.order(context(points, { wanted: 80 }));
    for (const wanted of [1, 2, 17, 64]) {
      const order = await policy.order(context(points, { wanted }));
      expect(order.subarray(0, wanted)).toEqual(whole.subarray(0, wanted));
      expect(sorted(order)).toHaveLength(80);
    }
  });

  test('asks for features exactly when it says so', async () => {
    let asked = 0;
    const points = square(30);
    await policy.order(
      context(points, {
        features: (indices) => {
          asked += indices.length;
          return Promise.resolve(selectRows(points, indices));
        },
      }),
    );
    expect(asked).toBe(policy.usesFeatures ? 30 : 0);
  });
});

test('the default stands in no key, every other policy does with its version', () => {
  expect(versionQueryPolicy(defaultQueryPolicy.meta.id)).toBeUndefined();
  expect(versionQueryPolicy('k-center')).toEqual({ id: 'k-center', version: 1, config: {} });
  expect(() => versionQueryPolicy('nearest')).toThrow('random, k-center, coverage-minimizing');
});

test('k-center visits every cluster and the outlier before it visits any twice', async () => {
  const order = await findQueryPolicy('k-center').order(context(line, { wanted: 3 }));
  expect(
    at(order, 0, 3)
      .map((value) => Math.floor(value / 50))
      .toSorted((a, b) => a - b),
  ).toEqual([0, 2, 20]);
});

test('k-center is the greedy of the definition, whose radius is within twice the best', async () => {
  const points = square(200);
  const order = await findQueryPolicy('k-center').order(context(points, { wanted: 9 }));
  const distance = (a: number, b: number): number =>
    Math.hypot(
      (points.data[2 * a] ?? 0) - (points.data[2 * b] ?? 0),
      (points.data[2 * a + 1] ?? 0) - (points.data[2 * b + 1] ?? 0),
    );
  const toNearest = (point: number, centers: readonly number[]): number =>
    Math.min(...centers.map((center) => distance(point, center)));
  const all = Array.from({ length: 200 }, (_, i) => i);
  for (let k = 1; k < 9; k++) {
    const centers = [...order.subarray(0, k)];
    const radius = Math.max(...all.map((point) => toNearest(point, centers)));
    expect(toNearest(order[k] ?? 0, centers)).toBeCloseTo(radius, 6);
  }
  // Nine disks that cover the unit square: a 3 x 3 grid does it with radius sqrt(2) / 6.
  const radius = Math.max(...all.map((point) => toNearest(point, [...order.subarray(0, 9)])));
  expect(radius).toBeLessThanOrEqual((2 * Math.SQRT2) / 6);
});

test('the twin stays in one cluster until it is used up, and comes to the outlier last', async () => {
  const order = await findQueryPolicy('coverage-minimizing').order(context(line));
  const rng = createRng('order');
  const start = line.data[rng.permutation(21)[0] ?? 0] ?? 0;
  if (start === 1000) throw new Error('the seed starts at the outlier; choose another');
  const cluster = start >= 100;
  expect(at(order, 0, 10).every((value) => value >= 100 === cluster)).toBe(true);
  expect(at(order, 20, 21)).toEqual([1000]);
});

test('a pool too large for one search is searched in parts of its shuffle', async () => {
  const count = SEARCHED_IMAGES + 300;
  const points = square(count);
  const parts: number[] = [];
  const order = await findQueryPolicy('k-center').order(
    context(points, {
      wanted: 40,
      features: (indices) => {
        parts.push(indices.length);
        return Promise.resolve(selectRows(points, indices));
      },
    }),
  );
  // Forty images come from the first part; the second one is never looked at.
  expect(parts).toEqual([SEARCHED_IMAGES]);
  const subsample = new Set(createRng('order').permutation(count).subarray(0, SEARCHED_IMAGES));
  expect([...order.subarray(0, 40)].every((image) => subsample.has(image))).toBe(true);
  expect(sorted(order)).toHaveLength(count);
});

test('a cancelled search ends', async () => {
  const controller = new AbortController();
  controller.abort();
  await expect(
    findQueryPolicy('k-center').order(context(square(600), { signal: controller.signal })),
  ).rejects.toMatchObject({ code: 'cancelled' });
});
