import { afterAll, describe, expect, test } from 'vitest';
import { type Matrix, matrix } from '../contract/data.ts';
import type { AttackContext, AttackOutcome } from '../contract/method.ts';
import { createRng } from '../rng.ts';
import { openSurrogate } from '../surrogates/open.ts';
import { createEngine } from '../tensor/engine.ts';
import { affineRemoval } from './affine-removal.ts';
import { attackIn, gradients, linearVictim, quarters, type World } from '../../test/helpers/attack-world.ts';

const engine = await createEngine('onnx', { threads: 1 });
afterAll(() => engine.dispose());

const dimension = 8;
const victim = linearVictim(dimension, 0.5);
const world = { engine, victim, dimension, budget: 300 };

/** Embeddings of unseen images by a surrogate, `[60, dimension]`. */
async function answers({ surrogate }: AttackOutcome): Promise<Matrix> {
  const opened = await openSurrogate(engine, surrogate, quarters);
  const embedded = await opened.embed(gradients(60, 'unseen'));
  await opened.dispose();
  return embedded;
}

const stitching = 'base=backbone-stitching/features=backbone';
const trained = ['mse', 'cosine', 'infonce'].map((loss) => `base=direct-extraction/loss=${loss}`);

/** Largest difference between what two surrogates answer. */
function distance(a: Matrix, b: Matrix): number {
  return a.data.reduce((most, value, at) => Math.max(most, Math.abs(value - (b.data[at] ?? 0))), 0);
}

describe.each([stitching, ...trained])('%s', (base) => {
  test('a pure offset leaves the surrogate what it is without one', async () => {
    const attack = `affine-removal:${base}`;
    const clean = await answers(await attackIn(world, attack));
    const shifted = await answers(
      await attackIn({ ...world, defense: 'gaussian-noise:sigma=0:mean=10' }, attack),
    );
    // Ten deviations away float32 replies have lost a digit.
    expect(distance(shifted, clean)).toBeLessThan(0.02);
    expect(distance(clean, matrix(new Float32Array(60 * dimension), 60, dimension))).toBeGreaterThan(0.1);
  });
});

test('without it the offset does change what a loss of directions learns', async () => {
  const attack = 'direct-extraction:loss=cosine';
  const clean = await answers(await attackIn(world, attack));
  const shifted = await answers(
    await attackIn({ ...world, defense: 'gaussian-noise:sigma=0:mean=10' }, attack),
  );
  expect(distance(shifted, clean)).toBeGreaterThan(0.1);
});

test('offsets that differ from account to account are all removed', async () => {
  const defended: World = { ...world, accounts: 3, defense: 'gaussian-noise:mode=static:sigma=5' };
  const found = await attackIn(defended, `affine-removal:${stitching}`);
  expect(found.diagnostics['maps']).toBe(3);
  // The error of three means of 100 replies is all that is left of offsets of five deviations.
  const clean = await answers(await attackIn(world, `affine-removal:${stitching}`));
  const plain = await answers(await attackIn(defended, 'backbone-stitching:features=backbone'));
  expect(distance(await answers(found), clean)).toBeLessThan(0.3);
  expect(distance(plain, clean)).toBeGreaterThan(1);
});

test('accounts that share a map are given one', async () => {
  const found = await attackIn(
    { ...world, accounts: 3, defense: 'gaussian-noise:sigma=0:mean=10' },
    `affine-removal:${stitching}`,
  );
  expect(found.diagnostics['maps']).toBe(1);
  expect(found.diagnostics['removedOffset']).toBeGreaterThan(9);
});

describe('what the base attack is given', () => {
  /** Replies as the base sees them, for rows whose clean values end in a ReLU. */
  async function seen(settings: Readonly<Record<string, unknown>>, clean: Matrix): Promise<Matrix> {
    const shifted = matrix(
      clean.data.map((value, at) => 7 + (at % clean.columns) + (1 + (at % clean.columns)) * value),
      clean.rows,
      clean.columns,
    );
    let received = matrix(new Float32Array(0), 0, clean.columns);
    const images = gradients(clean.rows, 'asked');
    await affineRemoval.run(
      {
        oracle: {
          dimension: clean.columns,
          accounts: 1,
          remaining: () => clean.rows,
          isOpen: () => true,
          query: async () => shifted,
        },
        base: {
          run: async ({ oracle }: AttackContext): Promise<AttackOutcome> => {
            received = await oracle.query(images);
            const weights = matrix(new Float32Array([1]), 1, 1);
            return {
              surrogate: {
                kind: 'linear-on-features',
                features: { kind: 'backbone' },
                weights,
                bias: new Float32Array(1),
              },
              diagnostics: {},
            };
          },
        },
        pool: images,
        publicEncoder: { dimension: clean.columns, embed: async () => clean },
        rng: createRng(1),
        engine,
        signal: new AbortController().signal,
        progress: () => undefined,
        log: () => undefined,
      } as unknown as AttackContext,
      settings,
    );
    return received;
  }

  const rng = createRng('rectified');
  const clean = matrix(
    Float32Array.from({ length: 400 * 3 }, () => Math.max(0, rng.normal())),
    400,
    3,
  );

  test('floor: rectified embeddings come back in full, up to their scale', async () => {
    const got = await seen({ offset: 'floor' }, clean);
    got.data.forEach((value, at) => expect(value).toBeCloseTo((1 + (at % 3)) * (clean.data[at] ?? 0), 4));
  });

  test('mean and unit scale: every coordinate has mean 0 and deviation 1', async () => {
    const got = await seen({ scale: 'unit' }, clean);
    for (let column = 0; column < 3; column++) {
      const values = [...got.data].filter((_, at) => at % 3 === column);
      const mean = values.reduce((sum, value) => sum + value, 0) / 400;
      expect(mean).toBeCloseTo(0, 4);
      expect(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / 400).toBeCloseTo(1, 3);
    }
  });

  test('public: coordinates keep their means where only a common offset was added', async () => {
    const got = await seen({ offset: 'public', scale: 'unit' }, clean);
    const total = (values: Float32Array): number => values.reduce((sum, value) => sum + value, 0) / 1200;
    // A rectified normal has mean 0.40 and deviation 0.58.
    expect(total(got.data)).toBeCloseTo(total(clean.data) / 0.584, 1);
  });
});
