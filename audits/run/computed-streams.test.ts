import { expect, test } from 'vitest';
import { matrix, selectImages, type Images, type Matrix } from '../contract/data.ts';
import { hashedImages } from '../datasets/image-hash.ts';
import { computedStreamImages, VIEW_BATCH } from '../plan/stream-sizes.ts';
import { createRng } from '../rng.ts';
import { createEngine } from '../tensor/engine.ts';
import { computeStreams, type ComputedStreams } from './computed-streams.ts';

const side = 8;
const bytes = side * side * 3;

function poolOf(count: number): Images {
  const rng = createRng('pool');
  return hashedImages(
    Uint8Array.from({ length: count * bytes }, () => Math.floor(256 * rng.uniform())),
    count,
    side,
    side,
  );
}

/** The pixels themselves are the embedding. */
const embed = (images: Images): Promise<Matrix> =>
  Promise.resolve(matrix(Float32Array.from(images.data), images.count, bytes));

const engine = await createEngine('onnx', { threads: 1 });

const compute = (count: number, name = 'seed'): Promise<ComputedStreams> => {
  const pool = poolOf(count);
  return computeStreams({
    engine,
    rng: createRng(name),
    signal: new AbortController().signal,
    pool: { rows: count, images: (indices) => selectImages(pool, indices) },
    embed,
    project: undefined,
    dimension: 4,
    inputSize: side,
  });
};

test('whole batches of views of the same images; 25 seeds make 200 queries, moved by a tenth per round at most', async () => {
  const { views, synthetic } = await compute(300);
  expect(views?.first.hashes).toHaveLength(VIEW_BATCH);
  expect(views?.second.hashes).toHaveLength(VIEW_BATCH);
  // Views differ from each other.
  expect(views?.first.hashes.filter((hash, i) => hash === views.second.hashes[i])).toEqual([]);
  expect(synthetic).toHaveLength(10);
  const pool = new Set(poolOf(300).hashes);
  for (const stream of synthetic) {
    expect(stream.hashes).toHaveLength(200);
    expect(stream.hashes.slice(0, 25).every((hash) => pool.has(hash))).toBe(true);
    expect(stream.hashes.slice(25).filter((hash) => pool.has(hash))).toEqual([]);
    const { data } = stream.embeddings;
    // Row 25 + i of a stream is its row i, moved once.
    const moves = data.slice(25 * bytes, 50 * bytes).map((value, i) => Math.abs(value - (data[i] ?? 0)));
    expect(Math.max(...moves)).toBeLessThanOrEqual(26);
    expect(Math.max(...moves)).toBeGreaterThan(0);
  }
  expect(new Set(synthetic.flatMap(({ hashes }) => hashes.slice(0, 25))).size).toBe(250);
  // As many as a plan counts on, but for views that change nothing.
  const made = [views?.first, views?.second, ...synthetic].flatMap((stream) =>
    (stream?.hashes ?? []).filter((hash) => !pool.has(hash)),
  );
  expect(made.length).toBeLessThanOrEqual(computedStreamImages(300));
  expect(made.length).toBeGreaterThan(0.99 * computedStreamImages(300));
});

test('the same seed draws the same streams; a pool too small for a batch has no views', async () => {
  const [a, b] = [await compute(60), await compute(60)];
  expect(a.views).toBeUndefined();
  expect(a.synthetic.map(({ hashes }) => hashes)).toEqual(b.synthetic.map(({ hashes }) => hashes));
  expect(a.synthetic).toHaveLength(2);
});
