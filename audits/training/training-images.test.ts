import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { matrix } from '../contract/data.ts';
import type { FeatureEncoder } from '../contract/method.ts';
import { openDataset } from '../datasets/dataset.ts';
import { createRng } from '../rng.ts';
import { createEngine } from '../tensor/engine.ts';
import { writeTinyImages } from '../../test/helpers/tiny-images.ts';
import { lookAt, spreadOf } from './neighbor-look.ts';
import { readTrainingImages } from './training-images.ts';

const PER_CLASS = 12;
const rng = createRng('training-images');

let folder = '';
beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'moat-training-images-'));
  for (const part of ['train', 'test'])
    await writeTinyImages(path.join(folder, 'parts', part), { classes: 2, perClass: PER_CLASS, seed: part });
  await writeTinyImages(path.join(folder, 'whole'), { classes: 2, perClass: PER_CLASS, seed: 'whole' });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const open = async (name: string, most?: number) =>
  readTrainingImages(await openDataset(path.join(folder, name)), { inputSize: 8, rng, most });

describe('images to train on', () => {
  test('are the training part, and those of the test part are looked at', async () => {
    const { images, labels, look, heldOut } = await open('parts');
    expect(images.count).toBe(2 * PER_CLASS);
    expect(labels).toHaveLength(2 * PER_CLASS);
    expect(heldOut).toBe(2 * PER_CLASS);
    if (look.kind !== 'labelled') throw new Error('the folder has classes');
    const trained = new Set(images.hashes);
    expect(look.score.images.hashes.filter((hash) => trained.has(hash))).toEqual([]);
  });

  test('are all but a tenth where there is no test part', async () => {
    const { images, look, heldOut } = await open('whole');
    expect([images.count, heldOut]).toEqual([22, 2]);
    if (look.kind !== 'labelled') throw new Error('the folder has classes');
    expect(images.hashes).not.toContain(look.score.images.hashes[0]);
  });

  test('without classes are all images, and only their spread is looked at', async () => {
    const { images, labels, look } = await open(path.join('whole', 'class-0'));
    expect(images.count).toBe(PER_CLASS);
    expect(labels).toBeUndefined();
    expect(look.kind).toBe('unlabelled');
  });

  test('that have no class in a data set with classes are trained on, unless the method needs one', async () => {
    const dataset = await openDataset(path.join(folder, 'whole'));
    const { all } = dataset.splits;
    if (all === undefined) throw new Error('the folder has one part');
    const items = all.items.map((item, at) => (at < 4 ? { ...item, label: null } : item));
    const mixed = { ...dataset, splits: { all: { ...all, items } } };
    const free = await readTrainingImages(mixed, { inputSize: 8, rng });
    expect([free.images.count, free.labels, free.look.kind]).toEqual([24, undefined, 'unlabelled']);
    const bound = await readTrainingImages(mixed, { inputSize: 8, rng, needsClasses: true });
    expect([bound.images.count, bound.labels?.length, bound.heldOut]).toEqual([18, 18, 2]);
  });

  test('are as few as asked for, the same ones for the same seed, and never fewer than two', async () => {
    const few = await open('whole', 5);
    expect(few.images.count).toBe(5);
    expect(few.images.hashes).toEqual((await open('whole')).images.hashes.slice(0, 5));
    await expect(open('whole', 1)).rejects.toMatchObject({ code: 'dataset-too-small' });
  });
});

/** Answers with a row per image, made from its label by order. */
function encoderOf(rows: (count: number) => Float32Array, dimension: number): FeatureEncoder {
  return { dimension, embed: async ({ count }) => matrix(rows(count), count, dimension) };
}

describe('a look', () => {
  test('at a collapsed encoder finds no spread, at one of all directions a full one', () => {
    expect(spreadOf(matrix(new Float32Array(12).fill(3), 4, 3))).toBeCloseTo(0, 6);
    const axes = Float32Array.of(5, 0, -1, 0, 0, 2, 0, -7);
    // Rows (±1, 0), (0, ±1): deviation 1/sqrt(2) in each of two dimensions.
    expect(spreadOf(matrix(axes, 4, 2))).toBeCloseTo(1, 6);
  });

  test('counts the held-out images whose neighbors know their class', async () => {
    const engine = await createEngine('onnx', { threads: 1 });
    const { look } = await open('parts');
    if (look.kind !== 'labelled') throw new Error('the folder has classes');
    const { fit, score } = look;
    const knowing: FeatureEncoder = {
      dimension: 2,
      embed: async (images) => {
        const { labels } = images === fit.images ? fit : score;
        return matrix(
          Float32Array.from(Array.from(labels, (label) => [label, 1 - label]).flat()),
          images.count,
          2,
        );
      },
    };
    const context = { engine, rng };
    expect((await lookAt(knowing, look, context)).neighborAccuracy).toBe(1);
    const blind = encoderOf((count) => new Float32Array(2 * count).fill(1), 2);
    const seen = await lookAt(blind, look, context);
    expect(seen.neighborAccuracy).toBeCloseTo(0.5, 6);
    expect(seen.spread).toBeCloseTo(0, 6);
    await engine.dispose();
  });
});
