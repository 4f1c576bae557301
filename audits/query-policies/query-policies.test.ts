import { readdirSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { matrix, selectRows, type Matrix } from '../contract/data.ts';
import { createRng } from '../rng.ts';
import { SEARCHED_IMAGES } from './greedy-order.ts';
import type { QueryPolicyContext, QueryPolicyDefinition } from './query-policy.ts';
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

  test('orders every image once, by its seed; a larger budget extends a smaller one; features as it says', async () => {
    expect(await complaintsAbout(policy)).toEqual([]);
  });
});

/** What must hold of every query policy, as complaints. */
async function complaintsAbout(policy: QueryPolicyDefinition): Promise<readonly string[]> {
  const points = square(80);
  let asked = 0;
  const order = (change: Partial<QueryPolicyContext> = {}): Promise<Uint32Array> =>
    policy.order(
      context(points, {
        features: (indices) => {
          asked += indices.length;
          return Promise.resolve(selectRows(points, indices));
        },
        ...change,
      }),
    );
  const isSame = (a: Uint32Array, b: Uint32Array): boolean =>
    a.length === b.length && a.every((index, place) => index === b[place]);
  const isWhole = (indices: Uint32Array): boolean =>
    isSame(
      indices.toSorted(),
      Uint32Array.from({ length: points.rows }, (_, index) => index),
    );
  const whole = await order();
  const featuresAsked = asked;
  const prefixes = await Promise.all(
    [1, 2, 17, 64].map(async (wanted) => ({ wanted, found: await order({ wanted }) })),
  );
  return [
    ...([whole, ...prefixes.map(({ found }) => found)].every(isWhole) ? [] : ['leaves images out']),
    ...(isSame(await order(), whole) ? [] : ['orders the same pool in two ways']),
    ...(isSame(await order({ rng: createRng('other') }), whole) ? ['does not look at its seed'] : []),
    ...(prefixes.every(({ wanted, found }) => isSame(found.subarray(0, wanted), whole.subarray(0, wanted)))
      ? []
      : ['begins otherwise for another budget']),
    ...(featuresAsked === (policy.usesFeatures ? points.rows : 0)
      ? []
      : [`asks for the features of ${featuresAsked} images`]),
  ];
}

describe('the checks of the table', () => {
  const plant = (order: QueryPolicyDefinition['order']): QueryPolicyDefinition => ({
    ...defaultQueryPolicy,
    order,
  });
  let calls = 0;

  test.each<readonly [fault: string, planted: QueryPolicyDefinition, complaint: string]>([
    [
      'sends an image twice',
      plant(async ({ count, rng }) => rng.permutation(count).map((index) => Math.max(1, index))),
      'leaves images out',
    ],
    [
      'draws from a stream that no seed began',
      plant(async ({ count }) => createRng(`call ${calls++}`).permutation(count)),
      'orders the same pool in two ways',
    ],
    [
      'has one order for all seeds',
      plant(async ({ count }) => createRng('fixed').permutation(count)),
      'does not look at its seed',
    ],
    [
      'shuffles anew for every budget',
      plant(async ({ count, wanted, rng }) => rng.derive(`${wanted}`).permutation(count)),
      'begins otherwise for another budget',
    ],
    [
      'looks at features though it says it does not',
      plant(async (asked) => {
        const order = asked.rng.permutation(asked.count);
        await asked.features(order.subarray(0, 3));
        return order;
      }),
      'asks for the features of 3 images',
    ],
  ])('catch one that %s', async (_fault, planted, complaint) => {
    expect(await complaintsAbout(planted)).toContain(complaint);
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
