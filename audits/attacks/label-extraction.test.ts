import { afterAll, beforeAll, expect, test } from 'vitest';
import { matrix, sliceImages, type Images, type Matrix } from '../contract/data.ts';
import type { Engine } from '../contract/engine.ts';
import type { AttackContext } from '../contract/method.ts';
import { hashedImages } from '../datasets/image-hash.ts';
import { createOracle } from '../oracle.ts';
import { createRng } from '../rng.ts';
import { openSurrogate } from '../surrogates/open.ts';
import { createEngine } from '../tensor/engine.ts';
import { labelExtraction } from './label-extraction.ts';

const side = 8;

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine('onnx', { threads: 1 });
});
afterAll(async () => engine.dispose());

/** Noisy images that are reddish or bluish in turn. */
const images: Images = (() => {
  const rng = createRng('two colors');
  const data = Uint8Array.from({ length: 160 * side * side * 3 }, (_, at) => {
    const bright = Math.floor(at / (side * side * 3)) % 2 === 0 ? 0 : 2;
    return (at % 3 === bright ? 140 : 60) + rng.integer(60);
  });
  return hashedImages(data, 160, side, side);
})();

/** Replies hold the red and the blue mean. */
async function answer(asked: Images): Promise<Matrix> {
  const data = new Float32Array(asked.count * 2);
  for (const [at, value] of asked.data.entries())
    if (at % 3 !== 1) data[2 * Math.floor(at / (side * side * 3)) + (at % 3 === 0 ? 0 : 1)]! += value;
  return matrix(data, asked.count, 2);
}

function context(overrides: Partial<AttackContext> = {}): AttackContext {
  const publicEncoder = { dimension: 2, embed: answer };
  const isRed = async ({ data, rows }: Matrix): Promise<Int32Array> =>
    Int32Array.from({ length: rows }, (_, row) => ((data[2 * row] ?? 0) > (data[2 * row + 1] ?? 0) ? 1 : 0));
  return {
    oracle: createOracle({
      answer,
      openSession: () => ({ reply: (embeddings) => embeddings }),
      dimension: 2,
      budget: 100,
      accounts: 1,
      imageBytes: side * side * 3,
    }),
    pool: sliceImages(images, 0, 100),
    poolLabels: new Int32Array(100).fill(-1),
    publicEncoder,
    defense: { chain: [], simulate: (embeddings) => embeddings },
    taskHeads: [{ task: 'color', classes: 2, classify: isRed }],
    surrogate: { architecture: 'small-cnn', inputSize: side, epochs: 12, batchSize: 20 },
    checkpoint: { load: async () => undefined, save: async () => undefined },
    rng: createRng('label theft'),
    engine,
    signal: new AbortController().signal,
    progress: () => undefined,
    log: () => undefined,
    ...overrides,
  };
}

test('the student learns the stolen classes, and its features tell them apart on unseen images', async () => {
  const { surrogate, diagnostics } = await labelExtraction.run(context(), {});
  expect(diagnostics['finalLoss']).toBeLessThan((diagnostics['firstLoss'] ?? 0) / 2);
  const open = await openSurrogate(engine, surrogate);
  // The student has lost its last layer: what is left is the network's pooled features.
  expect(open.dimension).toBe(256);
  const { data } = await open.embed(sliceImages(images, 100, 160));
  await open.dispose();
  const distance = (a: number, b: number): number =>
    Math.hypot(...Array.from({ length: 256 }, (_, d) => (data[a * 256 + d] ?? 0) - (data[b * 256 + d] ?? 0)));
  // Each image's nearest other one has its color.
  for (let a = 0; a < 60; a++) {
    const others = [...Array(60).keys()].filter((b) => b !== a);
    const nearest = others.reduce((best, b) => (distance(a, b) < distance(a, best) ? b : best));
    expect(nearest % 2, `image ${a}`).toBe(a % 2);
  }
});

test('an unknown task is refused with the known ones, a defense with a reason', async () => {
  await expect(labelExtraction.run(context(), { task: 'shape' })).rejects.toThrow(/"shape"; there are color/);
  const facts = { hasBackbone: false, hasProjection: false, hasPoolLabels: false, accounts: 1 };
  const rounding = [{ id: 'rounding', config: {} }];
  expect(labelExtraction.notApplicable?.({}, { ...facts, defense: [] })).toBeUndefined();
  expect(labelExtraction.notApplicable?.({}, { ...facts, defense: rounding })).toMatch(/without a defense/);
});
